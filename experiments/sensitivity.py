"""`python -m experiments.sensitivity`: what moves the measures."""

from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.spec.sensitivity import SensitivityJob
from experiments._app import app


def sensitivity(job: SensitivityJob, folder: Path, config: Tree) -> None:
    """Leave `sensitivity` and the report."""
    from engine import sensitivity as engine
    from engine.cases import seconds_of_run
    from engine.compute import open_pool
    from engine.report.terminal.analyses import print_sensitivity
    from engine.results import Results
    from engine.results.storage import open_folder
    from experiments._progress import progress
    from experiments._runs import conclude, print_folder

    open_folder(folder).check_writable()
    seconds = seconds_of_run(job, job.indices.population_share)
    with (
        open_pool(job.ray, engine.runs_count(job), seconds) as pool,
        progress(job.scenario.currency, threads=job.threads) as show,
    ):
        rows = engine.sensitivities(job, pool, show)
    results = Results(folder, config, job.seed)
    results.write_rows("sensitivity", rows)
    print_sensitivity(rows, conclude(results, folder))
    print_folder(folder)


def _check(job: SensitivityJob, overrides: Sequence[str]) -> None:  # noqa: ARG001  # all checks
    """Refuse measures, levers and unknowns that are not there, and a folder without a search."""
    from engine import sensitivity as engine

    engine.check_sensitivity(job)


main = app(sensitivity, SensitivityJob, _check)

if __name__ == "__main__":
    main()

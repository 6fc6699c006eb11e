"""`python -m experiments.simulate`: one policy, its worlds and replications."""

from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.spec.jobs import SimulateJob
from experiments._app import app
from experiments._job import check_outlives_job
from experiments._sources import observed_table


def simulate(job: SimulateJob, folder: Path, config: Tree) -> None:
    """Simulate one policy; leave `runs`, `daily`, `segments`, `anchors` and the report.

    Where `conf/observed` has a table of the scenario's name, its sales stand in `published`.
    """
    from engine.decision.published import published_rows, published_sales
    from engine.report.terminal.policies import print_runs
    from engine.results import export_worlds
    from experiments._runs import conclude, print_changes, print_folder, run_policies

    if job.export:
        from engine.cases import cases

        export_worlds(cases(job, [job.policy]), _export_folder(job, folder))
    results, runs = run_policies(job, [job.policy], folder, config, details=True)
    known = published_sales(observed_table(job.scenario.name), job.scenario)
    if known:
        results.write_rows("published", published_rows(known))
    print_runs(runs, conclude(results, folder))
    print_changes(folder, config)
    print_folder(folder)


def _export_folder(job: SimulateJob, folder: Path) -> str:
    """Return where the drawn world goes."""
    return job.export if isinstance(job.export, str) else str(folder / "world")


def _check_export(job: SimulateJob, _: Sequence[str]) -> None:
    """Refuse a folder in which an export would write over something else."""
    if isinstance(job.export, str):
        check_outlives_job("export", job.export)
        from engine.cases import cases
        from engine.results import check_export_folder

        check_export_folder(job.export, cases(job, [job.policy]))


main = app(simulate, SimulateJob, _check_export)

if __name__ == "__main__":
    main()

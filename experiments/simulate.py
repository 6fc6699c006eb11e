"""`python -m experiments.simulate`: one policy, its worlds and replications."""

from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.spec.jobs import SimulateJob
from experiments._app import app
from experiments._job import check_outlives_job


def simulate(job: SimulateJob, folder: Path, config: Tree) -> None:
    """Simulate one policy; leave `runs`, `daily`, `segments`, `anchors` and the report."""
    from engine.report.terminal.policies import print_runs
    from engine.results import export_worlds
    from experiments._runs import conclude, print_folder, run_policies

    if job.export:
        from engine.cases import cases

        export_worlds(cases(job, [job.policy]), _export_folder(job, folder))
    results, years = run_policies(job, [job.policy], folder, config, details=True)
    print_runs(years, conclude(results, folder))
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

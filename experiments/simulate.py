"""`python -m experiments.simulate`: one policy, its worlds and replications."""

from pathlib import Path

from engine.config import Tree
from engine.spec.jobs import SimulateJob
from experiments._app import app


def simulate(job: SimulateJob, folder: Path, config: Tree) -> None:
    """Simulate one policy; leave `runs`, `daily`, `segments`, `anchors` and the report."""
    from engine.report.terminal.policies import print_runs
    from experiments._years import conclude, run_years, tell_folder

    results, years = run_years(job, [job.policy], folder, config, details=True)
    print_runs(years, conclude(results, folder))
    tell_folder(folder)


main = app(simulate, SimulateJob)

if __name__ == "__main__":
    main()

"""`python -m experiments.replan`: the main job asked again later in the year."""

from pathlib import Path

from engine.config import Tree
from engine.spec.optimize import OptimizeJob
from experiments._app import app
from experiments.optimize import check, optimize


def replan(job: OptimizeJob, folder: Path, config: Tree) -> None:
    """Answer for the rest of the year; leave what `optimize` leaves."""
    optimize(job, folder, config)


main = app(replan, OptimizeJob, check)

if __name__ == "__main__":
    main()

"""`python -m experiments.response`: each lever swept alone around a base policy."""

from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.spec.response import ResponseJob
from experiments._app import app


def response(job: ResponseJob, folder: Path, config: Tree) -> None:
    """Leave `response`, `runs` and the report; say which levers move nothing."""
    from engine import response as engine
    from engine.report.terminal.response import print_response
    from experiments._runs import conclude, print_folder, run_cases

    results, runs = run_cases(job, engine.response_cases(job), folder, config, details=False)
    rows = engine.response_rows(job, runs)
    results.write_rows("response", rows)
    print_response(rows, conclude(results, folder))
    print_folder(folder)


def _check(job: ResponseJob, overrides: Sequence[str]) -> None:  # noqa: ARG001  # all checks
    """Refuse measures and levers that are not there."""
    from engine import response as engine

    engine.check_response(job)


main = app(response, ResponseJob, _check)

if __name__ == "__main__":
    main()

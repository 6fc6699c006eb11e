"""The suites by name, and what some need before they can begin."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.benchmark.against import against_suite
from engine.benchmark.branches import branches_suite
from engine.benchmark.figures import OnProgress, Row
from engine.benchmark.kernel import kernel_suite
from engine.benchmark.one_to_one import one_to_one_suite
from engine.benchmark.peers import peers_suite
from engine.benchmark.schedule import schedule_suite
from engine.benchmark.search import search_suite
from engine.benchmark.shards import shards_suite
from engine.benchmark.variance import variance_suite
from engine.case import Case
from engine.cases import cases
from engine.errors import InputError
from engine.spec.benchmark import BenchmarkJob

_PEERS: Final = Path(__file__).parents[2] / "peers"
"""Where the small market is written for other tools, if it is there."""

_SUITES: Final[dict[str, Callable[[BenchmarkJob, Case, OnProgress], list[Row]]]] = {
    "kernel": kernel_suite,
    "peers": peers_suite,
    "one_to_one": one_to_one_suite,
    "shards": shards_suite,
    "search": search_suite,
    "schedule": schedule_suite,
    "branches": branches_suite,
    "variance": variance_suite,
}


def run_suite(job: BenchmarkJob, on_progress: OnProgress) -> list[Row]:
    """Measure the suite that `job` asks for; return the rows of `benchmark`.

    Raises
    ------
    InputError
        See `check_suite`.
    PoquanError
        If a measuring process dies or lacks memory.
    """
    check_suite(job)
    measure = against_suite if job.against else _SUITES[job.suite]
    return measure(job, cases(job, [job.policy])[0], on_progress)


def check_suite(job: BenchmarkJob) -> None:
    """Refuse what cannot be measured here.

    Raises
    ------
    InputError
        If the small market in other tools, or the other checkout, is not there.
    """
    _check_peers(job)
    _check_against(job)


def _check_peers(job: BenchmarkJob) -> None:
    """Refuse suite `peers` where the small market in other tools is not there.

    Raises
    ------
    InputError
        If the suite is `peers` and the package of that name is not beside the engine.
    """
    if job.suite == "peers" and not (_PEERS / "market.py").is_file():
        raise InputError(
            "suite",
            f"peers needs the small market in other tools, and {_PEERS} is not there",
            "peers in a checkout or an unpacked source distribution; kernel, one_to_one and"
            " search everywhere",
            "run it in a checkout, or take another suite, e.g. suite=kernel",
        )


def _check_against(job: BenchmarkJob) -> None:
    """Refuse a path that is no checkout, and a suite that compares none.

    Raises
    ------
    InputError
        If `job.against` cannot be measured beside this checkout.
    """
    if job.against is None:
        return
    where = Path(job.against)
    if not (where / "experiments" / "benchmark.py").is_file():
        raise InputError(
            "against",
            f"{job.against} holds no experiments/benchmark.py",
            "the root of a checkout of this project",
            "make one: git worktree add --detach FOLDER COMMIT",
        )
    if job.suite != "kernel":
        raise InputError(
            "against",
            f"given with suite={job.suite}",
            "suite=kernel alone compares checkouts",
            "leave suite out, or against",
        )

"""The suites by name."""

from collections.abc import Callable
from typing import Final

from engine.benchmark.against import against_suite, check_against
from engine.benchmark.branches import branches_suite
from engine.benchmark.figures import OnProgress, Row
from engine.benchmark.kernel import kernel_suite
from engine.benchmark.one_to_one import one_to_one_suite
from engine.benchmark.peers import check_peers, peers_suite
from engine.benchmark.schedule import schedule_suite
from engine.benchmark.search import search_suite
from engine.benchmark.shards import shards_suite
from engine.benchmark.variance import variance_suite
from engine.case import Case
from engine.cases import cases
from engine.spec.benchmark import BenchmarkJob

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
    PoquanError
        If a measuring process dies or lacks memory.
    """
    measure = against_suite if job.against else _SUITES[job.suite]
    return measure(job, cases(job, [job.policy])[0], on_progress)


def check_suite(job: BenchmarkJob) -> None:
    """Refuse what cannot be measured here.

    Raises
    ------
    InputError
        If the small market in other tools, or the other checkout, is not there.
    """
    check_peers(job)
    check_against(job)

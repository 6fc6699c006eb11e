"""Suite `schedule`: the search's own rule in simulated time."""

import pytest

from engine.benchmark.schedule import _Lengths, _simulated
from tests.search.problems import search_of

RUNGS = [
    {"population_share": 0.1, "replications": 2},
    {"population_share": 1.0, "replications": 4},
]
RUN_S = {0.1: 0.2, 1.0: 1.0}


def laid_out(workers: int, window: int = 16, lane_s: float = 0.0) -> tuple[float, float]:
    search = search_of(
        sampler="qmc", rungs=RUNGS, trials_count=67, window_count=window, finalists_count=2,
        final_replications=4,
    )  # fmt: skip
    return _simulated(search, _Lengths(RUN_S, lambda _: lane_s, 0.008), 1, workers)


def test_one_worker_does_everything_one_after_another() -> None:
    total, busy = laid_out(1)
    assert busy < total < busy + 2.5 + 0.05 * 67 + 0.05 * 40


def test_more_workers_do_the_same_work_sooner() -> None:
    (one, work), (two, same) = laid_out(1), laid_out(2)
    assert same == pytest.approx(work)
    assert 0.5 * one < two + 2.5 < 0.7 * one


def test_a_window_keeps_more_workers_busy_than_a_barrier() -> None:
    (barrier, _), (window, _) = (laid_out(128, count) for count in (8, 24))
    assert window < 0.9 * barrier


def test_proposals_take_their_time() -> None:
    assert laid_out(2, 8, 8.0)[0] > laid_out(2, 8)[0] + 20

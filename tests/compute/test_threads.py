"""Runs on threads of this process: the same bits, failures told, an end in sight."""

import os
import signal
import threading

import pytest

from engine.case import Case, RunResult
from engine.compute import Failure, open_pool
from engine.compute.choice import _threads_count
from engine.compute.pool import ProcessPool, _FailedYearError
from engine.compute.threads import _simulate_until, thread_pool
from engine.errors import InputError, Interrupted
from engine.spec.jobs import Ray, Scale
from tests.compute.test_pools import fails_at_two, refuses, some_cases, spec
from tests.fakes import SMALL_SCALE, simulate_fake
from tests.market.test_determinism import same
from tests.worlds import case


def test_threads_give_the_bits_of_one() -> None:
    cases = [case(f"seed={seed}", days=12) for seed in range(1, 6)]
    with thread_pool(3) as pool:
        there = list(pool.run(cases))
    here = list(ProcessPool().run(cases))
    assert [year.labels for year in there] == [one.labels() for one in cases]
    assert all(map(same, there, here))


def test_policies_that_share_a_past_get_it_unchanged() -> None:
    past = ("policy@history=h1_2020", "decision_date=2020-01-20")
    cases = [case(*past, f"policy.subsidy.cap_rmb={cap}", days=30) for cap in (10, 20, 30, 40)]
    with thread_pool(4) as pool:
        there = list(pool.run(cases))
    assert all(map(same, there, ProcessPool().run(cases)))


def test_as_many_runs_as_threads_are_under_way() -> None:
    met = threading.Barrier(3, timeout=30)

    def meets(one: Case) -> RunResult:
        met.wait()
        return simulate_fake(one)

    with thread_pool(3, meets) as pool:
        assert len(list(pool.run(some_cases(6)))) == 6


def test_a_failure_is_told_and_the_others_go_on() -> None:
    with thread_pool(2, fails_at_two) as pool:
        found = list(pool.outcomes(some_cases(4)))
        assert [isinstance(outcome, Failure) for outcome in found] == [False, False, True, False]
        with pytest.raises(_FailedYearError, match="no such market"):
            list(pool.run(some_cases(4)))
        assert len(list(pool.run(some_cases(2)))) == 2


def test_input_that_the_engine_refuses_stays_an_input_error() -> None:
    with thread_pool(2, refuses) as pool, pytest.raises(InputError, match="here: wrong"):
        list(pool.run(some_cases(2)))


def test_want_of_memory_is_no_fault_of_the_case() -> None:
    def starves(_: Case) -> RunResult:
        raise MemoryError

    with thread_pool(2, starves) as pool, pytest.raises(MemoryError):
        list(pool.outcomes(some_cases(2)))


def test_what_nobody_waits_for_ends_with_its_day() -> None:
    left = threading.Event()
    left.set()
    with pytest.raises(Interrupted):
        _simulate_until(left, {}, case(days=400))


def test_how_far_long_runs_are_is_told_by_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.compute.threads.DAY_S", 0.001)
    told: list[tuple[int, int]] = []
    with thread_pool(2) as pool:
        pool.on_day = lambda day, days: told.append((day, days))
        list(pool.run([case(f"seed={seed}", days=40) for seed in (1, 2)]))
    assert len({day for day, _ in told}) > 2
    assert {days for _, days in told} == {40}
    assert told[-1] == (40, 40)


class Waits:
    """A run that goes on until its pool is left."""

    def __init__(self) -> None:
        self.began, self.told = threading.Event(), threading.Event()

    def __call__(self, left: threading.Event, _days: object, _case: Case) -> RunResult:
        self.began.set()
        if left.wait(30):
            self.told.set()
        raise Interrupted("left")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    found = Waits()
    monkeypatch.setattr("engine.compute.threads._simulate_until", found)
    return found


def test_a_pool_that_is_left_tells_its_runs(waits: Waits) -> None:
    with thread_pool(1) as pool:
        pool.submit(case(days=2))
        pool.feed()
        assert waits.began.wait(30)
    assert waits.told.wait(30)


def test_ctrl_c_ends_the_runs(monkeypatch: pytest.MonkeyPatch, waits: Waits) -> None:
    monkeypatch.setattr("engine.compute.choice._chooses_ray", lambda *_: False)

    def interrupt() -> None:
        waits.began.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with (
        pytest.raises(Interrupted),
        open_pool(spec(workers=2), 2, 0.5, market=(SMALL_SCALE, 1)) as pool,
    ):
        list(pool.run([case(days=2), case("seed=2", days=2)]))
    assert waits.told.wait(30)


@pytest.mark.parametrize(
    ("ray", "work", "market", "count"),
    [
        (spec(workers=8), (16, 0.7), (SMALL_SCALE, 1), 8),
        (spec(workers=8), (3, 0.7), (SMALL_SCALE, 1), 3),
        (spec(workers=8), (16, 0.1), (SMALL_SCALE, 1), 1),  # mostly Python
        (spec(workers=8), (16, 0.7), None, 1),  # a search: its driver needs Python too
        (spec("process", workers=8), (16, 0.7), (SMALL_SCALE, 1), 1),
        (spec(), (16, 0.7), (SMALL_SCALE, 3), 2),  # of seven CPUs
    ],
)
def test_threads_are_as_many_as_bring_something(
    monkeypatch: pytest.MonkeyPatch,
    ray: Ray,
    work: tuple[int, float],
    market: tuple[Scale, int] | None,
    count: int,
) -> None:
    monkeypatch.setattr("engine.compute.choice.cpus_count", lambda: 7)
    assert _threads_count(ray, *work, market) == count

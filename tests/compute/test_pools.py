"""The same years on every back end, in order; failures told; clusters that do not answer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.compute import Failure, Pool, open_pool
from engine.compute.choice import _chooses_ray
from engine.compute.cluster import _TASK_S, _chunk_size, _RayPool
from engine.compute.connect import connected
from engine.compute.pool import _FailedYearError, simulate_told
from engine.compute.watch import _Node
from engine.errors import ClusterError, InputError, Interrupted
from engine.spec.jobs import Ray
from tests.fakes import simulate_fake, small_case, small_policy
from tests.market.test_determinism import same as same_year
from tests.worlds import case

ROOT = Path(__file__).resolve().parents[2]


def spec(
    backend: str = "auto",
    address: str | None = None,
    workers: int | None = None,
    memory: float | None = None,
) -> Ray:
    asked = {"backend": backend, "address": address, "workers_count": workers}
    return Ray.model_validate({**asked, "retries_count": 1, "memory_gib": memory})


def some_cases(count: int = 7) -> list[Case]:
    return [small_case(small_policy(rate=0.02 * (k % 20)), replication=k) for k in range(count)]


def fails_at_two(case: Case) -> RunResult:
    if case.replication == 2:
        raise ValueError("no such market")
    return simulate_fake(case)


def refuses(case: Case) -> RunResult:
    raise InputError("here", "wrong", "right", "do right")


def kills_its_worker(case: Case) -> RunResult:
    os.kill(os.getpid(), signal.SIGKILL)
    return simulate_fake(case)


def same(a: RunResult, b: RunResult) -> bool:
    arrays = [(getattr(a, part), getattr(b, part)) for part in ("daily", "segments", "anchors")]
    return (a.labels, a.run) == (b.labels, b.run) and all(
        ours.keys() == theirs.keys() and all(np.array_equal(ours[n], theirs[n]) for n in ours)
        for ours, theirs in arrays
    )


@pytest.fixture(scope="module")
def on_ray() -> Iterator[Pool]:
    with open_pool(spec("ray", workers=2), 10, 0.1, simulate_fake) as pool:
        yield pool


def test_ray_gives_the_bits_of_the_process(on_ray: Pool) -> None:
    cases = some_cases()
    with open_pool(spec("process"), len(cases), 0.1, simulate_fake) as pool:
        here = list(pool.run(cases))
    there = list(on_ray.run(cases))
    assert [year.labels for year in there] == [case.labels() for case in cases]
    assert all(same(a, b) for a, b in zip(here, there, strict=True))


def test_arrays_from_ray_may_be_written(on_ray: Pool) -> None:
    year = next(iter(on_ray.run(some_cases(1))))
    assert all(values.flags.writeable for values in year.daily.values())


def test_a_pool_left_early_goes_on(on_ray: Pool) -> None:
    first = next(iter(on_ray.run(some_cases(20))))
    assert first.labels["replication"] == 0
    assert len(list(on_ray.run(some_cases(3)))) == 3


@pytest.mark.parametrize("backend", ["process", "ray"])
def test_a_failure_is_told_and_the_others_go_on(backend: str, on_ray: Pool) -> None:
    with open_pool(spec(backend), 4, 0.1, fails_at_two) as pool:
        found = list(pool.outcomes(some_cases(4)))
        assert [isinstance(outcome, Failure) for outcome in found] == [False, False, True, False]
        assert isinstance(found[2], Failure)
        assert found[2].reason == "ValueError: no such market"
        assert "fails_at_two" in found[2].traceback
        with pytest.raises(_FailedYearError, match="no such market"):
            list(pool.run(some_cases(4)))


@pytest.mark.parametrize("backend", ["process", "ray"])
def test_input_that_the_engine_refuses_stays_an_input_error(on_ray: Pool, backend: str) -> None:
    with (
        open_pool(spec(backend), 1, 0.1, refuses) as pool,
        pytest.raises(InputError, match="here: wrong") as error,
    ):
        list(pool.run(some_cases(2)))
    assert error.value.remedy == "do right"


def test_a_worker_that_keeps_dying_is_a_cluster_error(on_ray: Pool) -> None:
    with (
        open_pool(spec("ray"), 1, 0.1, kills_its_worker) as pool,
        pytest.raises(ClusterError, match="workers died 2 times over the same runs"),
    ):
        list(pool.run(some_cases(1)))


def test_more_threads_than_a_node_has_cpus_still_run(on_ray: Pool) -> None:
    cases = [replace(case, threads=64) for case in some_cases(2)]
    assert len(list(on_ray.run(cases))) == 2


def test_auto_takes_ray_only_where_it_saves_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    assert not _chooses_ray(spec(workers=4), cases_hint=10, seconds_hint=0.5)
    assert _chooses_ray(spec(workers=4), cases_hint=1000, seconds_hint=0.5)
    assert not _chooses_ray(spec(workers=1), cases_hint=1000, seconds_hint=0.5)
    assert not _chooses_ray(spec(workers=4), cases_hint=1, seconds_hint=100)
    assert _chooses_ray(spec(address="head:6379"), cases_hint=1, seconds_hint=0.01)
    assert not _chooses_ray(spec("process"), cases_hint=1000, seconds_hint=10)
    monkeypatch.setattr(ray, "is_initialized", lambda: True)  # as in a sweep: it costs no start
    assert _chooses_ray(spec(workers=1), cases_hint=1, seconds_hint=0.01)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert _chooses_ray(spec(), cases_hint=1, seconds_hint=0.01)


@pytest.mark.parametrize(("seconds", "workers"), [(0.01, 2), (0.1, 3), (5.0, 4), (0.0, 8)])
def test_chunks_are_long_enough_and_feed_every_worker(seconds: float, workers: int) -> None:
    size = _chunk_size(50, seconds, workers)
    assert 1 <= size <= -(-50 // workers)
    assert size * seconds >= _TASK_S or size == -(-50 // workers)
    assert (size - 1) * seconds < _TASK_S


def test_the_most_urgent_case_goes_first_and_only_what_is_wanted_comes_back() -> None:
    with open_pool(spec("process"), 3, 0.1, simulate_fake) as pool:
        cases = some_cases(3)
        late, soon = pool.submit(cases[0], (2.0,)), pool.submit(cases[1], (1.0,), ("daily",))
        dropped = pool.submit(cases[2], (0.0,))
        pool.drop([dropped])
        first, second = pool.next(), pool.next()
    assert [first.ticket, second.ticket] == [soon, late]
    assert isinstance(first.outcome, RunResult)
    assert isinstance(second.outcome, RunResult)
    assert first.outcome.daily
    assert not first.outcome.segments
    assert second.outcome.segments
    assert first.busy_s > 0


def test_an_address_where_nothing_listens_is_one_message_at_once(no_ray: None) -> None:
    start = time.monotonic()
    with (
        pytest.raises(ClusterError, match=r"ray\.address: no Ray cluster.*127\.0\.0\.1:9") as error,
        open_pool(spec(address="127.0.0.1:9"), 1, 1.0, simulate_fake),
    ):
        pass
    assert time.monotonic() - start < 15
    assert error.value.status == 1
    assert "remedy" in str(error.value)


def test_a_noted_head_that_is_gone_is_one_message_at_once(
    no_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    monkeypatch.setattr("engine.compute.connect._probe", None)
    with (
        pytest.raises(ClusterError, match=r"reached at auto: 127\.0\.0\.1:1, which Ray") as error,
        open_pool(spec("ray", address="auto"), 1, 0.1),
    ):
        pass
    assert "refused" in str(error.value)


def test_something_else_that_listens_does_not_hang(
    no_ray: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr("engine.compute.connect._PROBE_S", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with (
            pytest.raises(ClusterError, match="no answer of Ray within 3 s"),
            open_pool(spec(address=address), 1, 1.0, simulate_fake),
        ):
            pass


@pytest.fixture
def no_ray() -> None:
    if "ray" in sys.modules:  # imported here, it would look for a token before there is one
        sys.modules["ray"].shutdown()


@pytest.mark.parametrize(("first_day_s", "said"), [(5.0, [(1, 3), (3, 3)]), (1.0, [])])
def test_who_has_told_a_day_tells_the_end_too(
    first_day_s: float, said: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = chain([0.0], repeat(first_day_s))
    monkeypatch.setattr("engine.compute.pool.time", SimpleNamespace(monotonic=clock.__next__))
    told: list[tuple[int, int]] = []
    simulate_told(lambda day, days: told.append((day, days)), case(days=3))
    assert told == said


@pytest.mark.slow
def test_a_long_run_on_ray_tells_its_days_and_leaves_nothing(
    no_ray: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.compute.cluster._LOOK_S", 0.5)
    one = case("scale.buyers_count=600000", days=90)
    told: list[tuple[int, int]] = []
    with open_pool(spec("ray", workers=1), 1, 60.0) as pool:
        pool.on_day = lambda day, days: told.append((day, days))
        (there,) = pool.run([one])
        assert isinstance(pool, _RayPool)
        pool.cancel()
        assert pool._board.furthest([1]) is None
    assert told == sorted(told)
    assert {days for _, days in told} == {90}
    assert 0 < told[0][0] < 90
    with open_pool(spec("process"), 1, 60.0) as pool:
        (here,) = pool.run([one])
    assert same_year(here, there)


def test_workers_that_are_counted_have_a_task_waiting_too(no_ray: None) -> None:
    """On a Ray of this command's own: so none idles while its result is fetched."""
    with open_pool(spec("ray", workers=2), 10, 0.1, simulate_fake) as pool:
        assert isinstance(pool, _RayPool)
        assert (pool.workers_count, pool._window) == (2, 4)
        pool._limit = 1  # fewer than it has: now nothing but the window holds them back
        assert pool._room() == (1, 1)
        pool._limit = None
        assert pool._room() == (2, 4)


def test_nodes_are_looked_at_when_work_begins_and_oftener_while_cpus_are_missing(
    no_ray: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a node which comes within seconds is told too."""
    seen = [{"a" * 12: _Node("10.0.0.1", 0, 2**33)}]
    monkeypatch.setattr("engine.compute.cluster.cluster_nodes", lambda: seen[-1])
    monkeypatch.setattr("engine.compute.cluster.head_answers", lambda: True)
    monkeypatch.setattr("engine.compute.cluster._own_node_is_lost", lambda _: False)
    with connected(spec("ray", workers=1)):
        pool = _RayPool(spec("ray"), 0.1, simulate_fake, is_local=False)
        assert capsys.readouterr().err == ""
        for one in some_cases(2):
            pool.submit(one)
        pool.feed()
        assert capsys.readouterr().err == "ray: waiting for 1 CPUs, 0 granted\n"
        assert pool._look_s() < 2
        seen.append({**seen[0], "b" * 12: _Node("10.0.0.2", 1, 2**33)})
        pool._looked_s -= 2
        pool.feed()
        assert capsys.readouterr().err == "ray: node 10.0.0.2 (bbbbbbbb) has joined, 1 CPUs\n"
        assert pool._look_s() > 2
        pool.cancel()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_interrupt_and_leave_the_handlers_as_they_were(number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    ended = threading.Event()

    def insist() -> None:
        """Python drops what is raised within a callback of its garbage collector: ask again."""
        wait_s = 0.2
        while not ended.wait(wait_s):
            os.kill(os.getpid(), number)
            wait_s = 5.0

    threading.Thread(target=insist).start()
    try:
        with (
            pytest.raises(Interrupted) as error,
            open_pool(spec("process"), 1, 0.1, lambda case: time.sleep(30)) as pool,  # type: ignore[arg-type, return-value]
        ):
            list(pool.run(some_cases(1)))
    finally:
        ended.set()
    assert error.value.status == 130
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


SLEEPER = """
import sys, time
from engine.compute import open_pool
from engine.errors import PoquanError
from tests.compute.test_pools import some_cases, spec
from tests.fakes import simulate_fake

def slow(case):
    time.sleep(60)
    return simulate_fake(case)

try:
    with open_pool(spec("ray", workers=2), 4, 60.0, slow) as pool:
        print("started", flush=True)
        list(pool.run(some_cases(4)))
except PoquanError as error:
    print(error)
    sys.exit(error.status)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_ray_work_with_one_message(number: signal.Signals) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    time.sleep(2)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert out.startswith("interrupted")
    assert "Traceback" not in err
    assert err == ""

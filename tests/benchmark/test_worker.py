"""A process of its own: it answers, tells, and its end is told in one message."""

import os
import time
from mmap import mmap
from threading import Barrier
from typing import Any

import pytest

from engine.benchmark import days
from engine.benchmark.days import Days
from engine.benchmark.kernel import Point, _run_point
from engine.benchmark.worker import Worker
from engine.errors import PoquanError
from tests.worlds import case


def counting(tell, count: int) -> int:
    for number in range(count):
        tell(number)
    return os.getpid()


def sleeping(_tell) -> None:
    time.sleep(250)


def breaking(_tell, what: str) -> None:
    if what == "memory":
        raise MemoryError
    if what == "process":
        os._exit(9)
    raise ValueError("a bug")


def test_work_is_done_elsewhere_and_tells_how_far_it_is() -> None:
    heard: list[int] = []
    with Worker() as one:
        first = one.ask(counting, 3, on_progress=heard.append)
        assert first == one.ask(counting, 0)
    assert heard == [0, 1, 2]
    assert first != os.getpid()


@pytest.mark.parametrize(("what", "kind", "said"), [
    ("memory", PoquanError, "memory ran out"),
    ("process", PoquanError, "died"),
    ("code", RuntimeError, "a bug"),
])  # fmt: skip
def test_what_goes_wrong_there_is_raised_here(what: str, kind: type, said: str) -> None:
    with Worker() as one, pytest.raises(kind, match=said):
        one.ask(breaking, what)


def test_a_worker_ends_with_its_block_even_at_work() -> None:
    with Worker() as one:
        one.start(sleeping)
    assert not one._process.is_alive()


def test_workers_at_work_together_are_heard_together() -> None:
    """Heard in turn, the second would wait with what it tells until the first is done."""
    meeting = Barrier(2, timeout=10)

    class Busy:
        def start(self, *_: Any) -> None:
            pass

        def result(self) -> Days:
            meeting.wait()
            return Days(open_s=0.0, day_s=(1.0,), sessions=(5,), held_bytes=None)

    busy: Any = [Busy(), Busy()]
    together = _run_point(busy, case(), Point(10, 1000, processes=2), 1)
    assert together.sessions_count == 10


@pytest.mark.skipif(days._resident_bytes() is None, reason="only Linux tells")
def test_memory_that_was_held_shows_in_the_peak() -> None:
    days._reset_peak()
    before = days._resident_bytes()
    with mmap(-1, 64 * 2**20) as held:  # new pages: the heap may have as many to spare
        held[::4096] = b"x" * len(held[::4096])
    peak = days._peak_bytes()
    assert before is not None
    assert peak is not None
    assert peak - before > 60 * 2**20


def test_without_a_proc_folder_memory_is_not_known(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(days, "_SELF", tmp_path / "nowhere")
    assert days._resident_bytes() is None
    days._reset_peak()

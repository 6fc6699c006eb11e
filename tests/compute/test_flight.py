"""What a task asks for, and what becomes of one that fails: without a Ray that runs."""

import pytest

from engine.compute.connect import _unreachable
from engine.compute.flight import Sent, _fitting_buyers
from engine.compute.machine import PROCESS_BYTES, bytes_of_year
from engine.compute.pool import Waiting, WorkerCall
from engine.errors import ClusterError
from tests.compute.test_pools import some_cases
from tests.fakes import SMALL_SCALE, small_case

GIB = 2**30


def sent(buyers: int = 100) -> Sent:
    scale = SMALL_SCALE.model_copy(update={"buyers_count": buyers})
    return Sent([Waiting((), 7, small_case(scale=scale), ())])


def lost(name: str) -> Exception:
    import ray.exceptions

    errors = {
        "memory": lambda: ray.exceptions.OutOfMemoryError("the node is low on memory\nand more"),
        "worker": ray.exceptions.WorkerCrashedError,
        "object": lambda: ray.exceptions.ObjectLostError("ab" * 14, None, "x"),
        "owner": lambda: ray.exceptions.OwnerDiedError("ab" * 14, None, "x"),
        "none left": lambda: MemoryError("no room"),
        "bug": lambda: ValueError("a bug"),
    }
    found: Exception = errors[name]()
    return found


def test_a_task_asks_for_the_memory_of_its_largest_case() -> None:
    few, many = sent(10), sent(10_000_000)
    both = Sent([*few.todo, *many.todo])
    assert few.memory > PROCESS_BYTES
    assert both.memory == many.memory == bytes_of_year(10_000_000, 10, 91)
    assert many.memory - few.memory == pytest.approx(80 * 10_000_000, rel=1e-3)
    errand = Sent([Waiting((), 1, WorkerCall(1, min, ()), ())])
    assert errand.memory == PROCESS_BYTES
    assert errand.cases() == []


def test_what_fits_is_what_is_asked_for() -> None:
    buyers = _fitting_buyers(2 * GIB, 1000, 366)
    assert bytes_of_year(buyers, 1000, 366) <= 2 * GIB < bytes_of_year(buyers + 1, 1000, 366)
    assert _fitting_buyers(0) == 1


@pytest.mark.parametrize("name", ["memory", "none left"])
def test_after_want_of_memory_twice_as_much_is_asked_for_up_to_the_whole_node(name: str) -> None:
    task = sent()
    first = task.memory
    assert "simulated again (1 of 2), with 1.0 GiB" in (task.failed(lost(name), 2, GIB, 4) or "")
    assert task.memory == min(2 * first, GIB)
    assert task.failed(lost(name), 2, GIB, 4) is not None
    assert task.memory == GIB
    with pytest.raises(ClusterError, match=r"memory ran out 3 times .* 100 buyers") as error:
        task.failed(lost(name), 2, GIB, 4)
    said = str(error.value)
    assert "scale.buyers_count=50, ray.workers_count=2, or scale.shards=2" in said
    assert "and more" not in said


@pytest.mark.parametrize("name", ["worker", "object"])
def test_a_lost_worker_is_replaced_so_often_and_no_oftener(name: str) -> None:
    task = sent()
    first = task.memory
    assert "a worker died: " in (task.failed(lost(name), 1, GIB, 1) or "")
    assert task.memory == first
    with pytest.raises(ClusterError, match="workers died 2 times over the same runs"):
        task.failed(lost(name), 1, GIB, 1)


@pytest.mark.parametrize("name", ["owner", "bug"])
def test_what_would_fail_again_is_not_tried_again(name: str) -> None:
    task = sent()
    assert task.failed(lost(name), 3, GIB, 1) is None
    assert task.tries == 0


def test_a_year_too_large_for_every_node_is_refused_with_what_would_fit() -> None:
    task = sent(20_000_000)
    task.check_fits([])  # a node may come
    task.check_fits([GIB, 4 * GIB])
    with pytest.raises(ClusterError) as error:
        task.check_fits([GIB] * 5)
    said = str(error.value)
    assert "20,000,000 buyers needs about 2.0 GiB, and the largest node grants 1.0 GiB" in said
    assert f"at most {_fitting_buyers(GIB, 10, 91):,} buyers" in said
    assert "scale.shards=3" in said


def test_no_number_of_shards_is_told_where_none_fits() -> None:
    with pytest.raises(ClusterError, match="nodes together do not hold it") as error:
        sent(20_000_000).check_fits([GIB, GIB])  # each shard is half a GiB more
    assert "scale.shards" not in str(error.value)
    with pytest.raises(ClusterError, match=r"0\.49 GiB before its first buyer") as error:
        sent(1_000_000).check_fits([GIB // 10])
    said = str(error.value)
    assert "grants 0.10 GiB" in said
    assert "scale." not in said


def test_cases_of_one_chunk_keep_their_tickets() -> None:
    todo = [Waiting((), number, case, ()) for number, case in enumerate(some_cases(3))]
    assert Sent(todo).tickets == [0, 1, 2]


MISMATCH = """
RuntimeError: Version mismatch: The cluster was started with:
    Ray: 2.59.0
    Python: 3.12.1
This process on node 10.0.0.2:1 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""

NO_TOKEN = "AuthenticationError: it is enabled but no authentication token was found. Ensure ..."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (MISMATCH, "runs Ray 2.59.0 on Python 3.12.1, this command Ray 2.60.0 on Python 3.11.7"),
        (NO_TOKEN, "RAY_AUTH_MODE=token, and there is no token"),
        ("Unauthenticated: InvalidAuthToken", "refuses this client's token"),
        ("some trace\nConnectionError: nobody there", "can be reached at h:1: ConnectionError: "),
    ],
)
def test_what_ray_says_of_an_address_becomes_a_message_of_ours(said: str, expected: str) -> None:
    error = _unreachable("h:1", said)
    assert expected in str(error)
    assert error.status == 1
    assert "{" not in str(error)

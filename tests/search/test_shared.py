"""Drivers that share a study: each policy is tried once, and each ends as a lone one does."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest

from engine.case import Case, RunResult
from engine.errors import InputError, StorageError
from engine.search import check_search
from engine.search.checkpoint import shared_study
from engine.search.checkpoint.shared_study import SharedStudy
from tests.fakes import Stopped, simulate_fake, stop, stopping_at
from tests.search.jobs import results, run, small_job
from tests.servers import QUOTED, postgres


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return the address of an empty database of a kind."""
    opened: list[str] = []
    with_server = postgres(tmp_path_factory.mktemp("postgres"))

    def new(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('db')}/study.db"
        if not opened:
            opened.append(with_server.__enter__())
        name = f"db{len(opened)}"
        opened.append(name)
        _execute(opened[0], f"create database {name}")
        return opened[0].removesuffix("postgres") + name

    yield new
    if opened:
        with_server.__exit__(None, None, None)


def _execute(address: str, words: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as db:
        db.execute(words)


KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@KINDS
def test_drivers_divide_the_trials_and_each_ends_with_the_whole_search(
    databases, tmp_path: Path, kind: str
) -> None:
    address = databases(kind)
    alone = results(run(small_job(), tmp_path / "alone"))
    simulated: dict[str, list[tuple[object, ...]]] = {name: [] for name in ("a", "b", "c")}

    def driver(name: str) -> list[object]:
        def slow(case: Case) -> RunResult:
            time.sleep(0.05)
            simulated[name].append((case.policy.name, case.world, case.run_seed, case.scale))
            return simulate_fake(case)

        return results(run(small_job(storage=address), tmp_path / name, slow))

    with ThreadPoolExecutor(3) as drivers:
        assert list(drivers.map(driver, simulated)) == [alone] * 3
    assert len([name for name, cases in simulated.items() if cases]) >= 2
    every = [case for cases in simulated.values() for case in cases]
    assert max(every.count(case) for case in every) == 1

    late = tmp_path / "late"
    assert results(run(small_job(storage=address), late, stopping_at(0, stop))) == alone
    names = ["study.journal", "samples.jsonl"]
    assert all((late / name).stat().st_size > 0 for name in names)
    with_url = address.replace("postgresql://", "postgresql+psycopg://")
    (study,) = optuna.get_all_study_summaries(with_url)
    common = optuna.load_study(study_name=study.study_name, storage=with_url)
    assert len(common.trials) == small_job().search.trials_count
    assert len({json.dumps(one.params) + one.user_attrs["name"] for one in common.trials}) == len(
        common.trials
    )


@KINDS
def test_what_a_stopped_driver_has_claimed_is_free_at_once(
    databases, tmp_path: Path, kind: str
) -> None:
    job = small_job(storage=databases(kind))
    alone = results(run(small_job(), tmp_path / "alone"))
    with pytest.raises(Stopped):
        run(job, tmp_path / "a", stopping_at(9, stop))
    assert results(run(job, tmp_path / "b")) == alone
    assert results(run(job, tmp_path / "a", stopping_at(0, stop))) == alone


@KINDS
def test_a_look_has_one_driver_until_that_is_silent(
    databases, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address = databases(kind)
    monkeypatch.setattr(shared_study, "_BEAT_S", 0.5)
    one, two = SharedStudy(address, "study"), SharedStudy(address, "study")
    try:
        assert one.claim("look") == "ours"
        assert two.claim("look") == "elsewhere"
        assert two.ended(["look"]) == set()
        one._end.set()  # as if it were killed: nothing is told, nothing left
        one._thread.join()
        monkeypatch.setattr(shared_study, "_SILENT_S", -1.0)
        assert two.ended(["look"]) == {"look"}
        assert two.claim("look") == "inherited"
        monkeypatch.setattr(shared_study, "_SILENT_S", 60.0)
        two.finish("look", {"found": 1}, b"years")
        one.finish("look", {"found": 2})  # it goes on after all: the first counts
        assert one.tree("look") == {"found": 1}
        assert one.results("look") == b"years"
        assert one.claim("look") == "done"
        other = SharedStudy(address, "another study")
        assert other.claim("look") == "ours"
        other.close()
    finally:
        one.close()
        two.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://h/db", "no kind"),
        ("study.db", "no kind"),
        ("sqlite:///none/study.db", "no file in a folder"),
        ("sqlite://", "no file in a folder"),
    ],
)
def test_no_study_is_where_none_can_be(address: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_search(small_job(storage=address))


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    address = f"postgresql://mary:{QUOTED}@127.0.0.1:1/db"
    with pytest.raises(StorageError, match="remedy") as refused:
        run(small_job(storage=address), tmp_path / "out")
    assert "mary:***@127.0.0.1:1/db" in str(refused.value)
    assert QUOTED not in str(refused.value)

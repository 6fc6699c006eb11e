"""Results in an object store: brought from there, taken there, one writer at a time."""

import json
import os
import platform
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector, FileSystem, FileType

from engine.case import Case, RunResult
from engine.results import lease, read_table
from engine.results.lease import Lease
from engine.results.storage import open_folder
from tests import fakes
from tests.commands.processes import started, wait_for
from tests.servers import free_port, gs_store, s3_store

SMALL = ("scale=smoke", "ray.backend=process", "replications=3")
SERVERS = {"s3": s3_store, "gs": gs_store}


@pytest.fixture
def store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """The address of a bucket, and a folder of the test's own for what is staged."""
    (tmp_path / "staged").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "staged"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "staged"))
    kind = getattr(request, "param", "s3")
    with SERVERS[kind](monkeypatch) as bucket:
        yield f"{kind}://{bucket}"


BOTH = pytest.mark.parametrize("store", sorted(SERVERS), indirect=True)
"""Of a test that shows how a store itself behaves."""


@pytest.fixture
def run(store: str) -> str:
    """Where a command leaves its results."""
    return f"{store}/mine/run"


@pytest.fixture
def simulated(market_of: Callable[..., None]) -> list[Case]:
    cases: list[Case] = []

    def simulate(case: Case, *_: object) -> RunResult:
        cases.append(case)
        return fakes.simulate_fake(case)

    market_of(simulate)
    return cases


def objects(address: str) -> dict[str, bytes]:
    """What lies below an address, by name; names that stand for folders are left out."""
    system, path = FileSystem.from_uri(address)
    found = system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
    return {
        one.path.removeprefix(f"{path}/"): system.open_input_stream(one.path).read()
        for one in found
        if one.type is FileType.File
    }


def tables(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.endswith((".parquet", ".html"))}


def here(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@BOTH
def test_an_interrupted_run_goes_on_from_the_store_to_the_same_bits(
    type_in, place: Path, run: str, simulated: list[Case]
) -> None:
    first = started(place, "simulate", *SMALL, f"hydra.run.dir={run}", pause=100, quick=2)
    wait_for(lambda: objects(run).get("runs.jsonl", b"").count(b"\n") == 3, 200)
    assert any(name.startswith("daily/") for name in objects(run))
    assert "manifest.json" not in objects(run)
    first.send_signal(signal.SIGINT)
    assert first.wait() == 130
    assert first.stderr is not None
    said = first.stderr.read()
    assert f"hydra.run.dir={run}" in said
    assert "poquan-" not in said

    ended = type_in("simulate", *SMALL, f"hydra.run.dir={run}")
    assert ended.status == 0, ended.err
    assert f"Results: {run}\n" in ended.out
    assert len(simulated) == 1
    assert type_in("simulate", *SMALL, "hydra.run.dir=whole").status == 0
    assert tables(objects(run)) == tables(here(place / "whole"))
    assert {"manifest.json", ".poquan.json", ".hydra/config.yaml"} <= set(objects(run))
    assert read_table(run, "runs").num_rows == 3
    assert list((place / "staged").iterdir()) == []

    before = objects(run)
    other = type_in("simulate", *SMALL, "seed=9", f"hydra.run.dir={run}")
    assert other.status == 2
    assert f"{run} holds the results of simulate with another config" in other.err
    assert f"hydra.run.dir={run}-2" in other.err
    assert objects(run) == before


def test_a_report_is_made_of_a_store_and_left_there(
    type_in, place: Path, store: str, run: str, simulated: list[Case]
) -> None:
    assert type_in("simulate", *SMALL, f"hydra.run.dir={run}").status == 0
    open_folder(run).delete("report.html")
    ended = type_in("report", f"folder={run}")
    assert ended.status == 0, ended.err
    assert f"Report: {run}/report.html" in ended.out
    assert b"<html" in objects(run)["report.html"]
    both = type_in("report", f"folder=[{run},{run}]", f"into={store}/both")
    assert both.status == 0, both.err
    assert "sweep.parquet" in objects(f"{store}/both")
    assert type_in("report", f"folder={store}/nothing").status == 2


def test_a_sweep_lies_in_a_store(type_in, place: Path, run: str, simulated: list[Case]) -> None:
    words = ("-m", "seed=1,2", f"hydra.sweep.dir={run}")
    ended = type_in("simulate", *SMALL, *words)
    assert ended.status == 0, ended.err
    assert f"Results: {run}/0\n" in ended.out
    assert f"Results: {run}\n" in ended.out
    found = set(objects(run))
    assert {"sweep.parquet", "0/manifest.json", "1/manifest.json", "multirun.yaml"} <= found
    simulated.clear()
    assert type_in("simulate", *SMALL, *words).status == 0
    assert simulated == []


def test_a_warm_start_is_read_from_a_store(
    type_in, place: Path, run: str, simulated: list[Case]
) -> None:
    small = ("scale=smoke", "ray.backend=process", "question=year_2020")
    ended = type_in("optimize", *small, f"hydra.run.dir={run}")
    assert ended.status == 0, ended.err
    warm = type_in("optimize", *small, f"warm_start={run}", "hydra.run.dir=warm")
    assert warm.status == 0, warm.err
    names = set(read_table(place / "warm", "trials")["policy"].to_pylist())
    assert any(name.startswith("earlier-") for name in names)


def test_a_second_writer_is_told_who_is_at_work_and_writes_nothing(
    type_in, place: Path, run: str, simulated: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Lease.take(open_folder(run))
    assert isinstance(held, Lease)
    before = objects(run)
    ended = type_in("simulate", *SMALL, f"hydra.run.dir={run}")
    assert ended.status == 2
    assert ended.err.count("at work in") == 1
    assert f"process {os.getpid()} on host {platform.node()}, since 20" in ended.err
    assert "remedy" in ended.err
    assert objects(run) == before
    assert simulated == []

    held._end.set()  # dead: nobody renews it
    monkeypatch.setattr(lease, "LEASE_S", -1.0)
    ended = type_in("simulate", *SMALL, f"hydra.run.dir={run}")
    assert ended.status == 0, ended.err


@BOTH
def test_that_of_a_dead_process_of_this_machine_is_free_at_once(
    type_in, place: Path, run: str, simulated: list[Case]
) -> None:
    first = started(place, "simulate", *SMALL, f"hydra.run.dir={run}", pause=100)
    wait_for(lambda: ".hydra/overrides.yaml" in objects(run), 200)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert any(name.startswith(".poquan.lock/") for name in objects(run))
    ended = type_in("simulate", *SMALL, f"hydra.run.dir={run}")
    assert ended.status == 0, ended.err
    assert not any(name.startswith(".poquan.lock/") for name in objects(run))


def test_who_has_lost_the_folder_uploads_nothing(run: str, tmp_path: Path) -> None:
    from engine.errors import StorageError
    from engine.results.staging import Staging

    folder = open_folder(run)
    own = Lease.take(folder)
    assert isinstance(own, Lease)
    staging = Staging(folder, own, print)
    staging.fetch()
    staging.local.mkdir()
    (staging.local / "runs.parquet").write_bytes(b"mine")
    (name,) = (name for name in objects(run) if name.startswith(".poquan.lock/"))
    folder.delete(name)
    own._renewed -= lease.LEASE_S
    with pytest.raises(StorageError, match="another command has taken the folder"):
        staging.close()
    assert "runs.parquet" not in objects(run)
    assert (staging.local / "runs.parquet").exists()


@BOTH
def test_of_writers_that_come_together_one_gets_the_folder(run: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as four:
        found = list(four.map(lambda _: Lease.take(open_folder(run)), range(4)))
    held = [one for one in found if isinstance(one, Lease)]
    assert len(held) == 1
    held[0].release()
    again = Lease.take(open_folder(run))
    assert isinstance(again, Lease)
    again.release()


@BOTH
def test_files_that_are_removed_here_are_removed_there_the_manifest_first(
    run: str, tmp_path: Path
) -> None:
    from engine.results.staging import Staging

    folder = open_folder(run)
    own = Lease.take(folder)
    assert isinstance(own, Lease)
    staging = Staging(folder, own, print)
    staging.fetch()
    staging.local.mkdir()
    for name in ("a.parquet", "manifest.json", "runs.jsonl", ".a.parquet.17"):
        (staging.local / name).write_text(name)
    staging.sync()
    assert set(objects(run)) - {f".poquan.lock/{own._name}"} == {
        "a.parquet", "manifest.json", "runs.jsonl",
    }  # fmt: skip
    (staging.local / "manifest.json").unlink()
    (staging.local / "a.parquet").unlink()
    staging.close()
    assert set(objects(run)) == {"runs.jsonl"}
    assert json.loads(json.dumps(objects(run)["runs.jsonl"].decode())) == "runs.jsonl"


def test_a_store_that_does_not_answer_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import StorageError

    monkeypatch.setattr("engine.results.storage._ANSWER_S", 1)
    monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageError, match=r"cannot be listed: .*onnect") as raised:
        open_folder("gs://anonymous@bucket/run").names()
    assert "error_info" not in str(raised.value)

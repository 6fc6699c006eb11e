"""Disks that are full or read-only, damaged folders, kills and clocks: nothing lost, nothing twice.

Commands run in forks on the fake market. What must hold after every fault: the folder holds no half
file under a name of its own, and the same command, once nothing hinders it, ends with the bytes of
a run that nothing ever hindered.
"""

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiments import compare, optimize, simulate
from tests.commands.forks import ended, fork, preload, run_fork

pytestmark = pytest.mark.timeout(900)

IMPORTED = (simulate, compare, optimize)
"""Once here, and in no fork again."""

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "simulate": ("replications=4",),
    "compare": ("replications=2",),
    "optimize": ("question=year_2020", "search.trials_count=8", "search.finalists_count=2"),
}
SMALL = ("scale=smoke", "ray.backend=process", "hydra.run.dir=out")
RESULTS = {".parquet", ".html", ".json", ".jsonl", ".journal", ".yaml"}
NOT_COMPARED = {"study.journal", "samples.jsonl"}
"""They say when each trial was written, and how long it was looked for."""


BOTH = ["simulate", pytest.param("optimize", marks=pytest.mark.slow)]
"""Commands of a test that the everyday suite asks of the quicker one."""


def words_of(command: str) -> tuple[str, ...]:
    return (*COMMANDS[command], *SMALL)


def results(place: Path) -> dict[str, bytes]:
    """Every file of the output folder but Hydra's own and what names the moment."""
    out = place / "out"
    return {
        str(path.relative_to(out)): unclocked(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".hydra" not in path.parts and path.name not in NOT_COMPARED
    }


def unclocked(path: Path) -> bytes:
    """The bytes of a file; of a search's own, all that it holds but seconds of the clock."""
    if path.name == "trials.parquet":
        table = pq.read_table(path)
        return repr((table.drop(["sampler_s"]).to_pylist(), table.schema.metadata)).encode()
    if path.name == "manifest.json" and b'"usage"' in path.read_bytes():
        known = json.loads(path.read_bytes())
        return repr({name: own for name, own in known.items() if name != "usage"}).encode()
    return path.read_bytes()


def check_whole(place: Path) -> None:
    """No table under its own name is half written."""
    for path in (place / "out").rglob("*.parquet"):
        if not path.name.startswith("."):
            pq.read_metadata(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """What each command leaves where nothing hinders it."""
    known: dict[str, dict[str, bytes]] = {}

    def of(command: str) -> dict[str, bytes]:
        if command not in known:
            place = tmp_path_factory.mktemp(command)
            done = preload(place, command, *words_of(command))
            assert done.status == 0, done.err
            known[command] = results(place)
            assert known[command]
        return known[command]

    return of


def check_goes_on(place: Path, command: str, expected: dict[str, bytes]) -> None:
    """The same command ends well, and leaves what an undisturbed one does, no more and no less."""
    done = run_fork(place, command, *words_of(command))
    assert done.status == 0, done.err
    found = {name: content for name, content in results(place).items() if name != KEPT}
    found |= {KEPT: results(place)[KEPT]} if KEPT in expected else {}
    assert found.keys() == expected.keys()
    assert [name for name, content in found.items() if content != expected[name]] == []


def kills(place: Path, command: str, count: int, seed: int) -> int:
    """Kill a command at random moments of its work; returns how often it was still at work."""
    chance, hits = random.Random(seed), 0
    free = place / "free"
    free.mkdir()
    started = time.monotonic()
    assert run_fork(free, command, *words_of(command)).status == 0
    usual_s = time.monotonic() - started
    for _ in range(count):
        process = fork(place, command, *words_of(command))
        end = ended(process, after_s=chance.uniform(0.0, usual_s))
        hits += end.status < 0
        assert end.status <= 0, end.err
        check_whole(place)
    return hits


@pytest.mark.parametrize("command", BOTH)
def test_killed_at_a_few_random_moments(tmp_path: Path, whole, command: str) -> None:
    kills(tmp_path, command, 3, seed=1)
    check_goes_on(tmp_path, command, whole(command))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_killed_at_fifty_random_moments(tmp_path: Path, whole, command: str) -> None:
    hits = 0
    for turn in range(5):  # begun anew five times, or the end would be met most often
        place = tmp_path / str(turn)
        place.mkdir()
        hits += kills(place, command, 10, seed=turn)
        check_goes_on(place, command, whole(command))
    assert hits >= 20


def most_bytes(count: int) -> Callable[[], None]:
    """A disk on which no file grows beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))


@pytest.mark.parametrize("count", [
    0, 20_000, *(pytest.param(count, marks=pytest.mark.slow) for count in (1_000, 6_000, 60_000)),
])  # fmt: skip
@pytest.mark.parametrize("command", BOTH)
def test_a_disk_without_room_is_one_message(
    tmp_path: Path, whole, command: str, count: int
) -> None:
    expected = whole(command)
    done = run_fork(tmp_path, command, *words_of(command), first=most_bytes(count))
    said = done.err.splitlines()
    if count < max(map(len, expected.values())):
        assert done.status == 1
        assert "Traceback" not in done.err
        assert any("remedy:" in line for line in said)
    check_whole(tmp_path)
    check_goes_on(tmp_path, command, expected)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk in memory with options; skipped where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def test_a_full_disk_is_one_message_and_room_lets_the_command_go_on(small_disk, whole) -> None:
    place = small_disk("size=256k")
    filler = place / "filler"
    filler.write_bytes(bytes(160 * 1024))
    done = run_fork(place, "simulate", *words_of("simulate"))
    assert done.status == 1, done.err
    assert "Traceback" not in done.err
    assert "No space left" in done.err
    check_whole(place)
    subprocess.run(["mount", "-o", "remount,size=16m", str(place)], check=True)
    check_goes_on(place, "simulate", whole("simulate"))


def test_a_disk_that_becomes_read_only_is_one_message(small_disk, whole) -> None:
    place = small_disk("size=16m")
    process = fork(place, "simulate", *words_of("simulate"))
    ended(process, after_s=0.3)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    said = subprocess.run(
        [sys.executable, "-m", "experiments.simulate", *words_of("simulate")],
        cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert said.returncode == 1, said.stderr
    assert "Traceback" not in said.stderr
    assert "cannot be written" in said.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
    check_goes_on(place, "simulate", whole("simulate"))


def cut(name: str, share: float) -> Callable[[Path], None]:
    def damage(out: Path) -> None:
        for path in out.glob(name):
            path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return damage


DAMAGES = {
    "half a part": cut("daily/*.parquet", 0.5),
    "an empty part": cut("daily/*.parquet", 0.0),
    "half a table": cut("runs.parquet", 0.5),
    "an empty table": cut("monthly.parquet", 0.0),
    "half a manifest": cut("manifest.json", 0.5),
    "half a page": cut("report.html", 0.5),
    "half of what was kept": cut("*.jsonl", 0.7),
    "half a finalist": cut("finalists/*", 0.5),
}


KEPT = "runs.jsonl"
EVERYDAY = {"half a part", "an empty table", "half of what was kept"}


@pytest.mark.parametrize("damage", [
    name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.slow) for name in DAMAGES
])  # fmt: skip
@pytest.mark.parametrize("command", BOTH)
def test_a_truncated_file_is_made_anew_or_told(
    tmp_path: Path, whole, command: str, damage: str
) -> None:
    assert run_fork(tmp_path, command, *words_of(command)).status == 0
    DAMAGES[damage](tmp_path / "out")
    expected = whole(command)
    if damage.endswith(" part"):  # what was kept names the run a second time, as finished last
        expected = {name: content for name, content in expected.items() if name != KEPT}
    check_goes_on(tmp_path, command, expected)


def test_a_truncated_marker_is_told_and_nothing_is_touched(tmp_path: Path, whole) -> None:
    assert run_fork(tmp_path, "simulate", *words_of("simulate")).status == 0
    cut(".poquan.json", 0.5)(tmp_path / "out")
    before = results(tmp_path)
    done = run_fork(tmp_path, "simulate", *words_of("simulate"))
    assert done.status == 2
    assert "what this command did not leave" in done.err
    assert results(tmp_path) == before


def test_a_foreign_file_among_the_results_is_left_alone(tmp_path: Path, whole) -> None:
    assert run_fork(tmp_path, "simulate", *words_of("simulate")).status == 0
    out = tmp_path / "out"
    foreign = {out / "notes.txt": b"mine", out / "daily" / "mine.csv": b"a,b\n"}
    for path, content in foreign.items():
        path.write_bytes(content)
    done = run_fork(tmp_path, "simulate", *words_of("simulate"))
    assert done.status == 0, done.err
    assert all(path.read_bytes() == content for path, content in foreign.items())
    for path in foreign:
        path.unlink()
    assert results(tmp_path) == whole("simulate")


@pytest.mark.parametrize("command", BOTH)
def test_of_two_jobs_in_one_folder_one_works_and_one_is_told(
    tmp_path: Path, whole, command: str
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    words = [*COMMANDS[command], *SMALL[:-1], f"hydra.run.dir={tmp_path / 'out'}"]
    both = {name: fork(tmp_path / name, command, *words) for name in ("one", "two")}
    ends = [ended(process) for process in both.values()]
    assert sorted(end.status for end in ends) in ([0, 2], [0, 0])  # the second may come later
    assert all("at work in" in end.err for end in ends if end.status == 2)
    assert results(tmp_path) == whole(command)


def back_in_time() -> None:
    """A clock that goes backwards by an hour at every look."""
    began, looks = time.time(), iter(range(1, 10**9))
    time.time = lambda: began - 3600.0 * next(looks)


@pytest.mark.parametrize("command", BOTH)
def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path, whole, command: str) -> None:
    process = fork(tmp_path, command, *words_of(command))
    ended(process, after_s=0.7)
    later = time.time() + 10 * 86_400
    for path in tmp_path.rglob("*"):
        os.utime(path, (later, later))
    done = run_fork(tmp_path, command, *words_of(command), first=back_in_time)
    assert done.status == 0, done.err
    assert results(tmp_path) == whole(command)

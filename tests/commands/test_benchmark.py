"""The suites of `benchmark` as a user types them, small. No test asserts seconds."""

from pathlib import Path

import pytest

from engine.results import read_table
from tests.commands.test_at_smoke_scale import typed

SMALL = ("scale=smoke", "runs=1", "days=3", "populations=[500,2000]", "hydra.run.dir=out")


@pytest.mark.slow
@pytest.mark.parametrize(("words", "axes", "said"), [
    (("suite=kernel", "anchors=[100]"),
     {"population", "anchors", "threads", "processes", "stage", "start"}, "Scaling"),
    (("suite=peers",), {"tool"}, "NumPy"),
    (("suite=one_to_one", "population=3000", "threads=2"), {"pool", "day"}, "3,000 people"),
], ids=["kernel", "peers", "one_to_one"])  # fmt: skip
def test_a_suite_leaves_its_figures(words, axes: set[str], said: str, tmp_path: Path) -> None:
    done = typed(tmp_path, "benchmark", *SMALL, *words)
    assert done.returncode == 0, done.stderr
    rows = read_table(tmp_path / "out", "benchmark").to_pylist()
    assert {row["axis"] for row in rows} == axes
    assert {row["suite"] for row in rows} == {words[0].removeprefix("suite=")}
    assert said in done.stdout
    *tables, place = done.stdout.splitlines()
    assert place.startswith("Results: ")  # as long as the path
    assert max(map(len, tables)) <= 80


def test_peers_are_refused_where_their_code_is_not_installed(
    type_in, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.benchmark.suites._PEERS", place / "peers")
    ended = type_in("benchmark", *SMALL, "suite=peers")
    assert ended.status == 2
    assert "suite: peers needs the small market in other tools" in ended.err
    for part in ("allowed:", "a checkout", "remedy:", "suite=kernel"):
        assert part in ended.err
    assert ended.files == set()

"""A sweep: one table over its jobs, whatever launches them; what fails costs its own job alone."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from engine.case import Case, RunResult
from engine.collection import StudyMember, collected_rows, distinct_names, paired_with_first
from engine.compute.watch import _Node
from engine.report.charts.sweep import SweepView, _sweep_shape
from engine.results import read_table
from experiments._sweep_watch import SweepWatch
from tests import fakes
from tests.commands.conftest import left_in
from tests.commands.processes import ROOT

SMALL = ("scale=smoke", "ray.backend=process", "replications=3")
RATES = ("-m", "policy.subsidy.rate.source=0,0.1,0.2", "hydra.sweep.dir=out")


class Market:
    """The fake market, which refuses some rate."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.refused: float | None = None

    def __call__(self, case: Case, *_: object) -> RunResult:
        rate = case.policy.subsidy.rate.source.steps[0][1]
        self.rates.append(rate)
        if rate == self.refused:
            raise RuntimeError("no such market")
        return fakes.simulate_fake(case)


@pytest.fixture
def market(market_of) -> Market:
    made = Market()
    market_of(made)
    return made


def test_a_sweep_leaves_one_table_whose_keys_are_columns(type_in, place: Path, market) -> None:
    ended = type_in("simulate", *SMALL, *RATES)
    assert ended.status == 0, ended.err
    rows = read_table(place / "out", "sweep").to_pylist()
    assert [row["name"] for row in rows] == ["source=0", "source=0.1", "source=0.2"]
    assert [row["override.policy.subsidy.rate.source"] for row in rows] == [0, 0.1, 0.2]
    assert {row["state"] for row in rows} == {"finished"}
    assert {row["policy"] for row in rows} == {"h1_2020"}
    for row in rows:
        runs = read_table(place / "out" / row["folder"], "runs")["gmv_paid_fen"].to_pylist()
        assert row["gmv_paid_fen"] == pytest.approx(sum(runs) / 3)
    assert "3 jobs" in ended.out
    assert "GMV as paid changes most at source=0.2" in ended.out


def test_a_job_that_fails_does_not_end_the_sweep_and_is_all_that_is_done_again(
    type_in, place: Path, market
) -> None:
    market.refused = 0.1
    ended = type_in("simulate", *SMALL, *RATES)
    assert ended.status == 1
    assert "failed: source=0.1 (out/1)" in ended.err
    assert "no such market" in ended.err
    assert "1 of 3 jobs are not finished" in ended.err
    assert set(market.rates) == {0, 0.1, 0.2}
    states = {row["name"]: row["state"] for row in read_table(place / "out", "sweep").to_pylist()}
    assert states == {"source=0": "finished", "source=0.1": "failed", "source=0.2": "finished"}

    market.refused = None
    market.rates.clear()
    ended = type_in("simulate", *SMALL, *RATES)
    assert ended.status == 0, ended.err
    assert set(market.rates) == {0.1}
    assert ended.out.count("Finished before: ") == 2
    rows = read_table(place / "out", "sweep").to_pylist()
    assert [row["state"] for row in rows] == ["finished"] * 3


def test_a_finished_job_is_not_done_again_for_where_it_runs(type_in, place: Path, market) -> None:
    assert type_in("simulate", *SMALL, *RATES).status == 0
    market.rates.clear()
    ended = type_in("simulate", *SMALL, *RATES, "ray.memory_gib=8", "ray.retries_count=9")
    assert ended.status == 0, ended.err
    assert ended.out.count("Finished before: ") == 3
    assert market.rates == []


def test_a_job_of_other_code_is_done_again(type_in, place: Path, market, monkeypatch) -> None:
    assert type_in("simulate", *SMALL, *RATES).status == 0
    path = place / "out" / "1" / ".hydra" / "ended.json"
    tree = json.loads(path.read_text())
    path.write_text(json.dumps(tree | {"of": "another version"}))
    ended = type_in("simulate", *SMALL, *RATES)
    assert ended.status == 0
    assert ended.out.count("Finished before: ") == 2


def test_a_sweep_of_comparisons_has_a_row_for_each_policy(type_in, place: Path, market) -> None:
    words = ("-m", "scenario.shocks.week_sd=0,0.1", "hydra.sweep.dir=out")
    ended = type_in("compare", *SMALL, "~policy@policies.double_ten_billion", *words)
    assert ended.status == 0, ended.err
    rows = read_table(place / "out", "sweep").to_pylist()
    assert [(row["name"], row["policy"]) for row in rows] == [
        (f"week_sd={value}", policy)
        for value in ("0", "0.1")
        for policy in ("h1_2020", "laissez_faire")
    ]


@pytest.mark.parametrize(("keys", "names"), [
    ([{"a.b.rate": 1}, {"a.b.rate": 2}], ["rate=1", "rate=2"]),
    ([{"a.x.rate": 1, "a.y.rate": 3}], ["x.rate=1, y.rate=3"]),
    ([{"seed": 1}, {"scenario.seed": 2}], ["seed=1", "scenario.seed=2"]),
    ([{}, {}], ["job 0", "job 1"]),
])  # fmt: skip
def test_jobs_are_named_by_what_differs(keys: list[dict[str, object]], names: list[str]) -> None:
    assert distinct_names(keys) == names


def test_jobs_are_paired_where_they_met_the_same_random_numbers(type_in, place: Path, market):
    assert type_in("simulate", *SMALL, *RATES).status == 0
    members = [StudyMember(f"job {k}", {}, place / "out" / str(k), "finished") for k in range(3)]
    rows = paired_with_first(members, ("gmv_paid_fen",))
    own = {row["policy"]: row for row in rows if row["measure"] == "gmv_paid_fen"}
    means = [row["gmv_paid_fen"] for row in collected_rows(members)]
    assert own["job 2"]["difference"] == pytest.approx(means[2] - means[0])
    assert own["job 1"]["pairs_count"] == 3

    words = ("-m", "seed=1,2", "hydra.sweep.dir=other")
    assert type_in("simulate", *SMALL, *words).status == 0
    others = [StudyMember(str(k), {}, place / "other" / str(k), "finished") for k in range(2)]
    assert paired_with_first(others, ("gmv_paid_fen",)) == []


def test_several_folders_are_compared_by_what_their_configs_have_otherwise(
    type_in, place: Path, market
) -> None:
    for name, rate in (("one", 0), ("two", 0.2)):
        words = (f"policy.subsidy.rate.source={rate}", f"hydra.run.dir={name}")
        assert type_in("simulate", *SMALL, *words).status == 0
    ended = type_in("report", "folder=[one,two]", "into=both")
    assert ended.status == 0, ended.err
    rows = read_table(place / "both", "sweep").to_pylist()
    assert [row["name"] for row in rows] == ["one", "two"]
    keys = [key for key in rows[0] if key.startswith("override.")]
    assert keys == ["override.policy.subsidy.rate.source"]
    assert "two" in ended.out
    assert "+" in ended.out  # paired: both met the same random numbers
    before = left_in(place)
    ended = type_in("report", "folder=[one,two]", "into=both")
    assert ended.status == 2
    assert "both holds something" in ended.err
    assert left_in(place) == before
    assert type_in("report", "folder=[one,nowhere]").status == 2


def test_a_folder_is_named_once(type_in, place: Path, market) -> None:
    """Hydra takes the last of two words, and would leave the first folder out silently."""
    ended = type_in("report", "folder=one", "folder=two")
    assert ended.status == 2
    assert "'folder=[one,two]'" in ended.err


def test_a_sweep_on_ray_that_is_interrupted_says_how_to_go_on(
    type_in, place: Path, market, monkeypatch
) -> None:
    class Interrupted:
        def __init__(self, *_: object) -> None:
            (place / "out" / "0").mkdir()
            (place / "out" / "0" / "runs.parquet").touch()
            raise KeyboardInterrupt

    monkeypatch.setattr("experiments._sweep_on_ray._Launched", Interrupted)
    monkeypatch.setattr("engine.compute.connect.connected", lambda _: nullcontext(True))
    words = [word for word in SMALL if not word.startswith("ray.backend")]
    ended = type_in("simulate", *words, *RATES, "hydra/launcher=ray")
    assert ended.status == 130
    assert f"hydra.sweep.dir={place}/out" in ended.err


def test_a_sweep_on_ray_tells_what_its_jobs_print_into_files_and_what_the_cluster_lacks(
    tmp_path: Path, monkeypatch
) -> None:
    said: list[str] = []
    now, nodes = [0.0], {"a" * 12: _Node("10.0.0.1", 0)}
    monkeypatch.setattr("experiments._sweep_watch.head_answers", lambda: True)
    monkeypatch.setattr("experiments._sweep_watch.cluster_nodes", lambda: dict(nodes))
    watch = SweepWatch(3, 1, is_local=False, say=said.append, clock=lambda: now[0])
    for number in (0, 1):
        (tmp_path / f"{number}").write_text("runs: 9 of 9, of an earlier try\n")
        watch.begin(number, tmp_path / f"{number}")
    watch.look()
    assert said == ["ray: waiting for 1 CPUs, 0 granted"]
    nodes["b" * 12] = _Node("10.0.0.2", 1)
    now[0] = 11.0
    (tmp_path / "0").write_text(
        "Note: something\nruns: 1 of 8, 5 s, 35 s left\nray: waiting for 1 CPUs, 0 granted\n"
        "ray: node 10.0.0.2 (bbbbbbbb) has joined, 1 CPUs\nray: a worker died: alas\nruns: 2 o"
    )
    watch.look()
    assert said[1:] == [
        "ray: node 10.0.0.2 (bbbbbbbb) has joined, 1 CPUs",
        "ray: job 0: a worker died: alas",
        "jobs: 0 of 3, 11 s; job 0: runs 1 of 8, 1 more at work",
    ]
    del nodes["b" * 12]
    now[0] = 17.0
    watch.look()
    assert said[4].startswith("ray: node 10.0.0.2 (bbbbbbbb) is lost; ")
    watch.end(0)
    assert said[-1] == "jobs: 1 of 3, 17 s; job 0 ended"


@pytest.mark.parametrize("word", ["ray.backend=process", "ray.address=ray://head:10001"])
def test_ray_that_runs_no_jobs_is_refused_before_anything_runs(
    type_in, place: Path, market, word: str
) -> None:
    ended = type_in("simulate", "scale=smoke", *RATES, "hydra/launcher=ray", word)
    assert ended.status == 2
    assert word.partition("=")[0] in ended.err
    assert market.rates == []
    assert not (place / "out" / "0").exists()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "ray"])
def test_jobs_run_in_other_processes(tmp_path: Path, launcher: str) -> None:
    words = ["policy.subsidy.rate.source=0,0.1", "scale=smoke", "replications=1"]
    words += ["hydra.sweep.dir=out", "scenario.calendar.end=2020-01-05"]
    done = subprocess.run(
        [sys.executable, "-m", "experiments.simulate", "-m", *words, f"hydra/launcher={launcher}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = read_table(tmp_path / "out", "sweep").to_pylist()
    assert [row["state"] for row in rows] == ["finished", "finished"]
    assert rows[0]["subsidy_fen"] < rows[1]["subsidy_fen"]
    assert "2 jobs" in done.stdout
    assert (tmp_path / "out" / "0" / "report.html").exists()


def test_a_sweep_leaves_a_page_with_a_curve_for_a_number(type_in, place: Path, market) -> None:
    market.refused = 0.2
    ended = type_in("simulate", *SMALL, *RATES)
    assert ended.status == 1
    rows = read_table(place / "out", "sweep").to_pylist()
    assert rows[0]["gmv_paid_fen_change"] is None
    change = rows[1]["gmv_paid_fen"] - rows[0]["gmv_paid_fen"]
    assert rows[1]["gmv_paid_fen_change"] == pytest.approx(change)
    assert rows[1]["gmv_paid_fen_change_ci_low"] < change < rows[1]["gmv_paid_fen_change_ci_high"]
    shape = _sweep_shape(rows)
    assert (shape.along, shape.series) == ("override.policy.subsidy.rate.source", [""])
    drawn = {one.finding.split(" is ")[0]: one for one in SweepView(rows).pictures()}
    (points,) = (
        own
        for own in drawn["GMV as paid"].spec["datasets"].values()
        if own and "x" in own[0] and "tip" in own[0]
    )
    assert [one["x"] for one in points] == [0, 0.1]
    assert points[1]["low"] < points[1]["value"] < points[1]["high"]
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "A sweep of coupon on factory goods [share of price]" in page
    assert "1 of 3 jobs are not finished: source=0.2" in page
    assert type_in("report", "folder=out", "report.language=zh").status == 0


def test_the_end_of_a_sweep_is_told_in_its_currency(type_in, place: Path, market) -> None:
    ended = type_in("simulate", *SMALL, *RATES, "+scenario.currency=USD")
    assert ended.status == 0, ended.err
    said = ended.out[ended.out.index("3 jobs") :]
    assert "bn USD" in said
    assert "RMB" not in said
    assert "(± 95% interval of paired differences)" in said
    words = ("replications=1", "hydra.run.dir=one")
    assert type_in("simulate", *SMALL[:-1], *words).status == 0
    ended = type_in("report", "folder=[out/0,one]", "into=both")
    assert ended.status == 0, ended.err
    assert "bn USD/RMB" in ended.out
    assert "bn USD/RMB" in (place / "both/report.html").read_text(encoding="utf-8")


def test_of_one_replication_no_interval_is_told(type_in, place: Path, market) -> None:
    ended = type_in("simulate", *SMALL, *RATES, "replications=1")
    assert ended.status == 0, ended.err
    said = ended.out[ended.out.index("3 jobs") :]
    assert "GMV as paid changes most at source=0.2" in said
    assert "nothing is known of the noise" in said
    assert "distinguishable" not in said
    assert "95%" not in said
    assert "1 simulated run " in ended.out


def test_what_is_no_number_is_drawn_as_dots_by_name(type_in, place: Path, market) -> None:
    words = ("-m", "policy=h1_2020,laissez_faire", "hydra.sweep.dir=out")
    ended = type_in("simulate", *SMALL, *words)
    assert ended.status == 0, ended.err
    rows = read_table(place / "out", "sweep").to_pylist()
    assert _sweep_shape(rows).along == ""
    (first, *_) = SweepView(rows).pictures()
    names = {one["name"] for own in first.spec["datasets"].values() for one in own}
    assert len(names) == 2

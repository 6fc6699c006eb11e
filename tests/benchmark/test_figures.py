"""What is made of the runs, and that nothing is left out. No test here asserts seconds."""

from functools import cache

import pytest
import yaml
from hydra import compose, initialize_config_dir

from engine.benchmark.days import Days, simulate_days
from engine.benchmark.figures import Steps
from engine.benchmark.kernel import (
    _REST,
    _SMOKE,
    _STAGES,
    BETWEEN,
    Cost,
    Point,
    _intercept_ms,
    _kernel_rows,
    _KernelRuns,
    _points_of,
    _StageTimes,
    _time_stages,
)
from engine.benchmark.one_to_one import _rows_of, _with_whole_pool
from engine.benchmark.peers import PEERS, _peer_rows
from engine.benchmark.shards import _DayModel, _saving_rows, _weak_rows
from engine.benchmark.worker import _ignore_progress
from engine.compute.shards.worker import ShardTraffic
from engine.config import load
from engine.market.run import simulate
from engine.results.writer import _table_of_rows
from engine.spec.benchmark import BenchmarkJob
from tests.worlds import CONF, case


def _weight(one) -> int:
    """People behind one simulated buyer."""
    return one.scenario.platform.pool_count // one.scale.buyers_count


@cache
def job(*overrides: str) -> BenchmarkJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("benchmark", list(overrides)), BenchmarkJob)


def run(seconds: float, sessions: int) -> Days:
    return Days(1.0, (seconds / 2, seconds / 2), (sessions // 2, sessions // 2), 10**6)


def found(rows, axis: str, measure: str) -> dict:
    return {
        (row["subject"], row["buyers_count"], row["anchors_count"], row["threads_count"],
         row["processes_count"]): row["value"]
        for row in rows
        if (row["axis"], row["measure"]) == (axis, measure)
    }  # fmt: skip


def test_a_line_through_two_populations_gives_both_parts_of_the_cost() -> None:
    """t = 2 days x 3 ms + 50 ns s, to the last bit of doubles."""
    few, many = [Cost(0.006 + 50e-9 * n, n) for n in (10**5, 10**6)]
    assert Cost.slope_ns([few], [many]) == pytest.approx([50.0])
    assert _intercept_ms([few], [many], 2) == pytest.approx([3.0])


def test_every_axis_is_run_and_every_point_once() -> None:
    asked = job("populations=[10,20,30]", "anchors=[1000,500]", "thread_counts=[2,4]",
                "process_counts=[3]")  # fmt: skip
    assert set(_points_of(asked)) == {
        Point(10, 1000), Point(20, 1000), Point(30, 1000), Point(10, 500), Point(30, 500),
        Point(30, 1000, threads=2), Point(30, 1000, threads=4), Point(30, 1000, processes=3),
    }  # fmt: skip
    assert len(set(_points_of(asked))) == len(_points_of(asked))


@pytest.mark.parametrize("words", [(), ("threads=2",), ("thread_counts=[4]", "anchors=[1000]")])
def test_rows_of_the_kernel_suite_hold_every_figure(words) -> None:
    asked = job(*words)
    few, many = min(asked.populations), max(asked.populations)

    def cost(point: Point) -> Days:
        sessions = point.buyers * 2 * point.processes
        return run(0.2 + 100e-9 * sessions / point.threads / point.processes, sessions)

    measured = _KernelRuns(
        runs={point: [cost(point)] * asked.runs for point in _points_of(asked)},
        stages={
            n: [_StageTimes({"decide": n * 2 * 40e-9} | dict.fromkeys(BETWEEN, 1e-4), n * 2)]
            for n in (few, many)
        },
        warm_s=[2.0, 9.0, 3.0],
        held_bytes=many * 70,
    )
    rows = _kernel_rows(asked, measured, 2)
    assert _table_of_rows("benchmark", rows).num_rows == len(rows)
    slopes = found(rows, "population", "session_ns")
    assert set(slopes) == {("market", n, 1000, asked.threads, 1) for n in asked.populations[1:]}
    assert list(slopes.values()) == pytest.approx([100.0 / asked.threads] * len(slopes))
    held = found(rows, "population", "resident_bytes_per_buyer")
    assert held == {("market", many, 1000, asked.threads, 1): 70.0}
    assert found(rows, "stage", "session_ns")["decide", many, 1000, 1, 1] == pytest.approx(40.0)
    (between,) = (row for row in rows if row["goal"] is not None)
    assert between["value"] == pytest.approx(len(BETWEEN) * 1e-4 / 2 * 1e3)
    assert found(rows, "start", "start_s")["warm", few, 1000, 1, 1] == 3.0
    assert {key[3] for key in found(rows, "threads", "speedup")} == set(asked.thread_counts)
    gains = found(rows, "processes", "speedup")
    assert gains["market", many, 1000, 1, 1] == 1.0
    assert {key[2] for key in found(rows, "anchors", "session_ns")} == set(asked.anchors)


def test_a_peer_that_is_missing_has_a_row_without_a_value() -> None:
    engine = [[Cost(1.0, 10**6)], [Cost(2.0, 11 * 10**6)]]
    rows = list(_peer_rows(job(), Point(2, 1000), engine, {"numpy": [Cost(1.0, 10**6)]}))
    ratios = {row["subject"]: row["value"] for row in rows if row["measure"] == "engine_ratio"}
    assert ratios == {kind.name: None for kind in PEERS} | {"numpy": pytest.approx(0.1)}
    assert _table_of_rows("benchmark", rows).num_rows == 2 + 2 * len(PEERS)


def test_the_whole_pool_is_simulated_one_to_one() -> None:
    whole = _with_whole_pool(case(), 5_000)
    assert _weight(whole) == 1
    assert whole.scale.buyers_count == whole.scenario.platform.pool_count == 5_000
    rows = _rows_of(whole, Days(3.0, (2.0, 1.0, 1.0), (9, 8, 7), 350_000))
    assert found(rows, "pool", "implied_year_s").popitem()[1] == 3.0 + 366 * 1.0
    assert found(rows, "pool", "resident_bytes_per_buyer").popitem()[1] == 70.0
    assert [row["subject"] for row in rows if row["axis"] == "day"][2] == "2020-01-03"


def test_timed_days_are_the_days_of_the_year() -> None:
    """The loop here and `simulate`'s are one: same sessions, day by day."""
    one = case("policy=all_levers", "scale.buyers_count=500", days=5)
    year = simulate(one)
    days = simulate_days(_ignore_progress, one, 5)
    weight = _weight(one)
    assert list(days.sessions) == (year.daily["sessions_count"] // weight).tolist()
    assert len(days.day_s) == 5


def test_every_stage_is_met_and_no_time_is_counted_twice() -> None:
    before = [getattr(place, name) for _, place, name in _STAGES]
    times = _time_stages(_ignore_progress, case("policy=all_levers", "scale.buyers_count=500"), 5)
    assert set(times.seconds) == {stage for stage, _, _ in _STAGES} | {_REST}
    assert min(times.seconds.values()) > 0.0
    assert [getattr(place, name) for _, place, name in _STAGES] == before


def test_the_first_year_of_a_new_process_is_that_of_the_smoke_scale() -> None:
    written = yaml.safe_load((CONF / "scale" / "smoke.yaml").read_text(encoding="utf-8"))
    assert _SMOKE.model_dump() == written


@pytest.mark.parametrize(("nights", "each", "takes"), [(2, 50.0, 0.75), (0, None, None)])
def test_what_saving_takes_of_a_run(monkeypatch, nights: int, each, takes) -> None:
    traffic = ShardTraffic(day_s=[1.5] * 100, nights_saved=nights, saving_s=0.75 * nights)
    monkeypatch.setattr("engine.benchmark.shards._sharded", lambda *_: traffic)
    rows = {row["measure"]: row for row in _saving_rows(job(), case(), 2)}
    assert {name: row["value"] for name, row in rows.items()} == {
        "run_s": 150, "nights_saved": nights, "days_per_night": each, "night_s": takes,
        "saving_share": 0.005 * nights,
    }  # fmt: skip
    assert rows["saving_share"]["goal"] == 0.02
    assert rows["saving_share"]["subject"] == "2 shards"
    assert rows["run_s"]["days_count"] == 100


def test_weak_scaling_is_of_markets_that_grow_with_their_shards(monkeypatch) -> None:
    """T(n) of a model in which a buyer takes a microsecond, and sums take nothing."""

    def day_s(_job, part, count: int) -> ShardTraffic:
        return ShardTraffic(day_s=[1e-6 * part.scale.buyers_count / count] * 3, peak_bytes=7)

    monkeypatch.setattr("engine.benchmark.shards._sharded", day_s)
    monkeypatch.setattr(
        "engine.benchmark.shards._threaded", lambda part, *_: 1e-6 * part.scale.buyers_count
    )
    monkeypatch.setattr("engine.benchmark.shards.cpus_count", lambda: 2)
    model, told = _DayModel(0.0, 1e-6, 0.0, 1.0, 1.0, 1.0), []
    steps = Steps(6, lambda *words: told.append(words))
    rows = [
        row
        for count in (1, 2, 4)
        for row in _weak_rows(
            job("runs=2"), case("scale.buyers_count=4000", days=3), (count, 4), model, steps
        )
    ]
    name = "day_s"
    assert found(rows, "shards", name) == pytest.approx({
        ("1 × 1,000 buyers", 1000, 200, 1, 1): 1e-3,
        ("2 × 1,000 buyers", 2000, 200, 1, 2): 1e-3,
        ("4 × 1,000 buyers", 4000, 200, 1, 4): 1e-3,
    })  # fmt: skip
    modelled = found(rows, "shards", "modelled_day_s")
    assert list(modelled.values()) == pytest.approx([1e-3, 1e-3, 2e-3])  # four take two turns
    assert {row["runs_count"] for row in rows if row["measure"] == name} == {2}
    assert told[-1][:2] == (6, 6)

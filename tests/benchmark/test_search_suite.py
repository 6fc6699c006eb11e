"""Suite `search`: its rows on a tiny run, and when a search has got as far as another."""

from functools import cache

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from engine.benchmark.contest import OURS, PLAIN, MethodTrace, _effort_of, _plain, _Snapshot
from engine.benchmark.known import _SESSIONS
from engine.benchmark.problems import KNOWN, _Zdt1
from engine.benchmark.search import (
    _NEVER,
    _best_plain,
    _contest,
    _judged,
    _KnownArena,
    _MarketArena,
    _Reached,
    _Result,
    _search_rows,
    _Task,
)
from engine.benchmark.worker import _ignore_progress
from engine.config import load
from engine.results.writer import _table_of_rows
from engine.spec.benchmark import BenchmarkJob
from tests.worlds import CONF

TINY = (
    "suite=search", "problems=[zdt1,market]", "seeds_count=1", "plain_trials_count=12",
    "plain_replications=2", "truth_replications=2", "market.buyers_count=300",
    "market.anchors_count=60", "market.suppliers_count=50", "search.trials_count=10",
    "search.batch_count=5", "search.startup_count=6", "search.finalists_count=2",
    "search.first_replications=2", "search.final_replications=2",
    "search.rungs=[{population_share:1,replications:2}]",
)  # fmt: skip


@cache
def job() -> BenchmarkJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("benchmark", list(TINY)), BenchmarkJob)


@pytest.mark.parametrize("problem", ["zdt1", "market"])
def test_a_tiny_contest_gives_every_row(problem: str) -> None:
    result = _contest(_ignore_progress, job(), _Task(problem, 3))
    rows = list(_search_rows(job(), {problem: [result]}))
    assert _table_of_rows("benchmark", rows).num_rows == len(rows) == 4 * (1 + len(PLAIN)) + 2
    assert {row["axis"] for row in rows} == {problem}
    volumes = {r["subject"]: r["value"] for r in rows if r["measure"] == "volume_share"}
    assert volumes.keys() == {OURS, *PLAIN}
    assert all(0 <= value <= 1 + 1e-9 for value in volumes.values())
    spent = {r["subject"]: r["value"] for r in rows if r["measure"] == "spent_share"}
    assert [spent[kind] for kind in PLAIN] == pytest.approx([1.0] * 3, rel=0.2)


def test_the_same_seed_gives_the_same_contest() -> None:
    first, again = (_contest(_ignore_progress, job(), _Task("zdt1", 3)) for _ in range(2))
    assert first.volumes == again.volumes
    assert first.sessions == again.sessions
    assert first.volumes != _contest(_ignore_progress, job(), _Task("zdt1", 4)).volumes


def course(*steps: tuple[int, float, float]) -> MethodTrace:
    """Moments of sessions, seconds and where on the front of ZDT1 the one point lies."""
    rest = {f"x{k}": 0.0 for k in range(1, 5)}
    snapshots = [_Snapshot(n, s, ({"x0": x, **rest},)) for n, s, x in steps]
    return MethodTrace(tuple(snapshots), snapshots[-1].front[0])


def test_what_counts_is_when_ours_first_got_as_far_in_truth() -> None:
    place = _KnownArena(_Zdt1())
    courses = {kind: course((100, 50.0, 0.9)) for kind in PLAIN}
    courses["tpe"] = course((100, 50.0, 0.25))  # the largest area of one point
    courses[OURS] = course((10, 5.0, 0.95), (20, 20.0, 0.5), (30, 30.0, 0.05))
    found = _judged(place, courses)
    assert found.reached["random"] == _Reached(0.2, 0.4)
    assert found.reached["tpe"] is _NEVER
    assert found.volumes[OURS] == 0  # f2 above its limit: not feasible
    assert found.feasible == {OURS: False, "random": True, "tpe": True, "nsga2": True}


def test_rows_compare_with_the_best_plain_one_by_medians() -> None:
    def result(tpe: float, nsga2: float, reached: _Reached) -> _Result:
        names = (OURS, *PLAIN)
        return _Result(
            dict(zip(names, (0.9, 0.1, tpe, nsga2), strict=True)),
            dict.fromkeys(names, 100),
            dict.fromkeys(names, 9.0),
            {OURS: tpe < 0.6, "random": None, "tpe": True, "nsga2": True},
            {"random": _Reached(0.0, 0.0), "tpe": reached, "nsga2": _NEVER},
        )

    results = [result(0.5, 0.4, _Reached(0.1, 0.2)), result(0.6, 0.9, _NEVER),
               result(0.5, 0.4, _Reached(0.2, 0.3))]  # fmt: skip
    assert _best_plain(results) == "tpe"
    rows = {(r["subject"], r["measure"]): r for r in _search_rows(job(), {"zdt1": results})}
    assert rows["tpe", "sessions_ratio"]["value"] == 0.2
    assert rows["tpe", "sessions_ratio"]["highest"] == np.inf
    assert rows["tpe", "sessions_ratio"]["goal"] == 0.1
    assert rows[OURS, "infeasible_share"]["value"] == pytest.approx(1 / 3)
    assert rows["random", "infeasible_share"]["value"] is None


def test_plain_samplers_get_the_whole_population_and_seeds_of_their_own() -> None:
    place, asked = _KnownArena(_Zdt1(1)), []
    inner = place.problem.evaluate
    object.__setattr__(
        place.problem, "evaluate", lambda c, stage: asked.append(stage) or inner(c, stage)
    )
    found = _plain("random", place.problem, place.evaluator, _effort_of(job()), 1)
    assert {stage.population_share for stage in asked} == {1.0}
    assert [(stage.first, stage.last) for stage in asked] == [(2 * k, 2 * k + 2) for k in range(12)]
    assert found.snapshots[-1].sessions == 24 * _SESSIONS


def test_the_problems_of_the_config_are_those_there_are() -> None:
    field = BenchmarkJob.model_fields["problems"]
    assert str(sorted([*KNOWN, "market"])) == str(sorted(_names(field.annotation)))


def _names(annotation: object) -> tuple[str, ...]:
    from typing import get_args

    return get_args(get_args(annotation)[0])


def test_the_markets_truth_is_of_replications_that_no_search_has_met() -> None:
    place = _MarketArena(job(), 1)
    point = {name: own.high for name, own in place.problem.distributions.items()}
    once, again = place.costs([point]), place.costs([point])
    assert (once == again).all()
    assert once.shape[1] == 3

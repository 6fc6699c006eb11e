"""The search on problems with known answers: it gets there, and no interruption shows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Point
from engine.search.samplers.proposals import propose_lane
from engine.search.study import SearchStudy
from tests.search.problems import Remembering, Toy, objective_of, search_of

GOALS = (("cost_fen", "minimize"), ("top10_share", "minimize"))
LADDER = [
    {"population_share": 0.5, "replications": 2},
    {"population_share": 1.0, "replications": 4},
]


def zdt1(point: Point, share: float) -> Mapping[str, float]:
    """The first problem of Zitzler, Deb & Thiele (Evol. Comput. 8(2), 2000): front at g = 1."""
    first, g = point["x0"], 1 + 9 * np.mean([point["x1"], point["x2"]])
    return {"cost_fen": first, "top10_share": g * (1 - (first / g) ** 0.5)}


def distance(trial: Any) -> float:
    return float(np.mean([trial.candidate.point[name] for name in ("x1", "x2")]))


def studied(store: Remembering, seed: int = 1, risk: str = "mean", **changes: Any) -> SearchStudy:
    toy = Toy(zdt1, {"cost_fen": 0.05, "top10_share": 0.05}, levers=3)
    evaluator = ObjectiveEvaluator(objective_of(*GOALS, risk=risk))
    study = SearchStudy(search_of(**{"rungs": LADDER} | changes), seed, toy, evaluator, store)
    study.run(lambda *heard: None)
    return study


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_the_front_is_approached_under_noise(sampler: str) -> None:
    study = studied(Remembering(), sampler=sampler, trials_count=200, startup_count=24)
    early = [distance(trial) for trial in study.trials[:24]]
    late = [distance(trial) for trial in study.trials[150:]]
    assert np.median(late) < {"tpe": 0.4, "nsga2": 0.8}[sampler] * np.median(early)
    ends = [trial.candidate.point["x0"] for trial in study.trials[150:]]
    assert np.ptp(ends) > 0.5
    generations = {v for t in study.trials for k, v in t.attributes.items() if "generation" in k}
    assert len(generations) > 6 if sampler == "nsga2" else not generations


def outcome(study: SearchStudy) -> list[Any]:
    return [
        (trial.candidate, {k: s.as_tree() for k, s in trial.samples.items()}, trial.attributes)
        for trial in study.trials
    ]


WHOLE: dict[tuple[str, str], list[Any]] = {}


@settings(max_examples=25, deadline=None)
@given(
    sampler=st.sampled_from(["tpe", "nsga2"]),
    risk=st.sampled_from(["mean", "regret"]),
    stops=st.lists(st.integers(0, 45), min_size=1, max_size=3),
)
def test_stopped_anywhere_and_resumed_is_as_never_stopped(
    sampler: str, risk: str, stops: list[int]
) -> None:
    changes = {"sampler": sampler, "risk": risk, "trials_count": 30}
    if (sampler, risk) not in WHOLE:
        WHOLE[sampler, risk] = outcome(studied(Remembering(), **changes))
    store = Remembering()
    for stop in sorted(stops):
        store.stop_at = stop
        try:
            studied(store, **changes)
        except KeyboardInterrupt:
            continue
    store.stop_at = -1
    assert outcome(studied(store, **changes)) == WHOLE[sampler, risk]


def test_a_resumed_search_asks_no_sampler_for_what_it_remembers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Remembering()
    whole = outcome(studied(store))
    monkeypatch.setattr("engine.search.study.propose_lane", None)
    assert outcome(studied(store)) == whole


def test_a_worker_proposes_as_much_of_a_batch_as_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[range] = []

    def noted(*args: Any) -> Any:
        lanes.append(args[4])
        return propose_lane(*args)

    monkeypatch.setattr("engine.search.study.propose_lane", noted)
    apart = studied(Remembering(), lane_count=3, trials_count=27)
    assert {len(lane) for lane in lanes} == {3, 2}  # of a batch of 8
    together = studied(Remembering(), lane_count=8, trials_count=27)
    assert outcome(apart) != outcome(together)  # what a worker does not see, it proposes beside


def test_regrets_are_estimated_anew_when_a_better_policy_is_known() -> None:
    study = studied(Remembering(), risk="regret", rungs=LADDER[1:])
    found = study.ladder.paired_scores(study.trials, 0)
    assert found.costs.min(axis=0) == pytest.approx([0.0, 0.0])
    half = study.ladder.paired_scores(study.trials[:8], 0)
    assert (found.costs[:8] >= half.costs - 1e-12).all()


def test_choosing_what_to_try_is_timed() -> None:
    study = studied(Remembering())
    assert all(0 < trial.sampler_s < 1 for trial in study.trials)

"""What is said of a recommendation, of risk and of the rungs, on rows worked out by hand."""

from typing import Any

from engine.report.findings.search import (
    SearchTold,
    _rung_details,
    _rung_rows,
    _sampling,
    choice,
    risk_table,
)

BN = 1e11
BEST: dict[str, Any] = {
    "policy": "trial-9",
    "is_recommended": True,
    "runs_count": 16,
    "p_feasible": 0.971,
    "p_feasible.target": 0.98,
    "p_feasible.dau": 1.0,
    "p_correct": 0.83,
    "choices_count": 7,
    "gmv_paid_fen": 405 * BN,
    "gmv_paid_fen_cvar": 394 * BN,
    "gmv_paid_fen_worst_world": 390 * BN,
    "gmv_paid_fen_regret": 0.3 * BN,
    "gmv_paid_fen_opportunity_cost": 0.52 * BN,
}
OTHER = BEST | {"policy": "mine", "is_recommended": False, "p_correct": None}


def rung(
    k: int,
    correlation: float | None,
    *,
    trusted: bool,
    role: str = "goal",
    told_apart: bool = True,
) -> dict[str, Any]:
    return {
        "rung": k,
        "population_share": (0.25, 1.0)[k],
        "worlds_count": 3,
        "replications_count": (2, 4)[k],
        "role": role,
        "name": "one",
        "measure": "gmv_paid_fen",
        "rank_correlation": correlation,
        "reliability": 0.8,
        "top_reliability": 0.9,
        "corrected_correlation": correlation,
        "told_apart": told_apart,
        "trusted": trusted,
    }


def test_a_recommendation_says_how_sure_it_is() -> None:
    said = choice([OTHER, BEST])
    assert "trial-9, GMV as paid 405.0 bn RMB" in said
    assert "P(all constraints hold) 0.97" in said
    assert "P(best of the 7 finalists that hold them) 0.83" in said
    assert "expected loss against the best of them 0.52 bn RMB" in said


def test_without_a_recommendation_or_rivals_nothing_is_made_up() -> None:
    assert choice([OTHER]) == ""
    assert choice([]) == ""
    assert "No other finalist" in choice([BEST | {"choices_count": 1}])


def test_the_four_figures_of_the_first_goal_stand_side_by_side() -> None:
    found = risk_table([BEST, OTHER])
    assert found is not None
    name, is_recommended, cells, weakest = found["rows"][0]
    assert (name, is_recommended, weakest) == ("trial-9", True, "target 0.98")
    assert cells == ["405.0", "394.0", "390.0", "0.30", "16", "0.97"]
    assert len(found["heads"]) == len(cells)
    assert risk_table([{"policy": "of an older version"}]) is None


def test_rungs_say_whether_they_may_drop_anybody() -> None:
    top = [rung(1, 1.0, trusted=True), rung(1, None, trusted=True, role="constraint")]
    good = [rung(0, 0.93, trusted=True), rung(0, 0.1, trusted=False, role="constraint")]
    bad = [rung(0, 0.71, trusted=False), rung(0, None, trusted=True, role="constraint")]
    assert _rung_rows([*good, *top]) == [
        ["25%", "3 × 2", "0.93", "0.10", "yes"],
        ["100%", "3 × 4", "1.00", "–", "top"],
    ]
    noisy = [rung(0, 0.2, trusted=True, told_apart=False)]
    assert _rung_rows([good[0], *noisy, *top])[0] == ["25%", "3 × 2", "0.93", "noise", "yes"]
    assert _rung_rows([*noisy, *top])[0] == ["25%", "3 × 2", "noise", "no: left out"]
    assert _rung_details([*good, *top])[0] == [
        *("25%", "3 × 2", "GMV as paid", "0.93", "0.80", "0.90", "0.93", "yes")
    ]
    assert _rung_rows([*bad, *top])[0] == ["25%", "3 × 2", "0.71", "–", "no: left out"]


def test_the_time_of_the_sampler_is_told() -> None:
    trials = [{"sampler_s": 1.0, "wall_s": 9.0}, {"sampler_s": 1.0, "wall_s": 9.0}]
    assert _sampling(trials) == (
        "Choosing what to try took 2.0 s, simulating it 18 s of a core (10% choosing)."
    )
    assert "search=nsga2" in _sampling([{"sampler_s": 2.0, "wall_s": 1.0}])
    told = SearchTold([rung(0, 1.0, trusted=True)], trials)
    assert told.details()[1] == []
    assert told.sampling() == _sampling(trials)
    assert SearchTold([], []).sampling() == ""

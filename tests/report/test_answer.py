"""The answer says what the numbers say, in every case that can come out."""

import re
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.report import read_study
from engine.report.findings.limits import limits
from engine.report.html.answer import _sentences, wilson
from engine.report.read.results_model import (
    Line,
    StudyResults,
    _Estimate,
    frontier_lines,
    run_lines,
)
from tests.report.studies import (
    BASELINES,
    compare_folder,
    frontier_rows,
    optimize_folder,
    simulate,
    simulate_folder,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(optimize_folder(tmp_path_factory.mktemp("optimize")))


def changed(study: StudyResults, **changes: Any) -> StudyResults:
    """Change every line of a study."""
    return replace(study, lines=[replace(line, **changes) for line in study.lines])


def without(study: StudyResults, *policies: str) -> StudyResults:
    return replace(study, lines=[line for line in study.lines if line.policy not in policies])


def test_the_cheapest_policy_that_reaches_is_the_answer(study: StudyResults) -> None:
    best = study.chosen_line()
    assert best is not None
    assert best.policy == "trial_044"  # trial_058 reaches more often and costs more
    said = " ".join(_sentences(study))
    assert "250 bn RMB can be reached. The cheapest way found is trial_044" in said
    assert "80% of the simulated runs" in said
    assert "laissez_faire (209.5 ± 7.9), h1_2020 (218.6 ± 8.8) and double_ten_billion" in said
    assert "What it does: coupons of 15% (source) of the price" in said


def test_the_balance_is_measured_in_pairs(study: StudyResults) -> None:
    said = " ".join(_sentences(study))
    assert "top-10 share is 27.7% in place of 32.2% (−4.5 ± 0.0 pp)" in said


def test_a_target_missed_by_all_is_said_to_be_missed(study: StudyResults) -> None:
    said = " ".join(_sentences(without(study, "trial_044", "trial_058")))
    assert "No policy found reaches 250 bn RMB with the probability asked for (50%)" in said
    assert "The nearest is trial_031; it ends at 245.4 ± 9.7" in said


def test_a_target_reached_without_subsidy_is_said_so(study: StudyResults) -> None:
    always = _Estimate(1.0, 1.0, 1.0)
    lines = [
        replace(line, estimates=line.estimates | {"target_attained": always})
        for line in study.lines
    ]
    said = " ".join(_sentences(replace(study, lines=lines)))
    assert "250 bn RMB is reached without any subsidy: under laissez_faire" in said
    assert "would reach it too" in said


def test_a_cheaper_policy_with_subsidy_does_not_hide_that_none_is_needed(
    study: StudyResults,
) -> None:
    always, cheap = _Estimate(1.0, 1.0, 1.0), _Estimate(-1e15, -1e15, -1e15)
    lines = [
        replace(
            line,
            estimates=line.estimates
            | {"target_attained": always}
            | ({"cost_fen": cheap} if line.policy == "trial_012" else {}),
        )
        for line in study.lines
    ]
    said = " ".join(_sentences(replace(study, lines=lines)))
    assert "250 bn RMB is reached even without any subsidy: under laissez_faire" in said
    assert "The cheapest policy found is trial_012" in said


def test_no_feasible_policy_is_no_recommendation(study: StudyResults) -> None:
    said = " ".join(_sentences(changed(study, feasible=False)))
    assert "No policy met every constraint, so none of those below is recommended" in said
    assert changed(study, feasible=False).chosen_line() is None


def test_the_nearest_violates_least_on_fresh_seeds_not_what_sells_most(study: StudyResults) -> None:
    far = changed(study, feasible=False, violation=0.9, binding="target violated, dau violated")
    lines = [
        replace(line, violation=0.1, binding="dau violated") if line.policy == "h1_2020" else line
        for line in far.lines
    ]
    said = " ".join(_sentences(replace(far, lines=lines)))
    assert "The nearest is h1_2020, which breaks dau; it ends at 218.6 ± 8.8" in said


def test_a_level_asked_for_decides_what_reaches(study: StudyResults) -> None:
    strict = {"measure": "target_attained", "at_least": 0.9}
    config = study.config | {"objective": {"constraints": {"target": strict}}}
    best = replace(study, config=config).chosen_line()
    assert best is not None
    assert best.policy == "trial_058"


def test_the_sentence_on_certainty_gives_the_limits_of_the_probability(study: StudyResults) -> None:
    assert "a probability of 80% may be anything from 38% to 96%" in _sentences(study)[-1]


def test_missing_the_target_alone_is_not_being_infeasible() -> None:
    row = frontier_rows(simulate(BASELINES, 2))[0] | {"feasible": False}
    both = row | {"binding": "target violated, dau violated"}
    alone = row | {"binding": "target violated, price.cap at its least"}
    assert [line.feasible for line in frontier_lines([both, alone], reaching=["target"])] == [
        False,
        True,
    ]


def test_the_violation_is_the_tables_own() -> None:
    row = frontier_rows(simulate(BASELINES, 2))[0]
    assert [line.violation for line in frontier_lines([row, row | {"violation": 0.4}])] == [0, 0.4]


def test_worlds_that_share_their_seeds_are_averaged_first() -> None:
    years = [year.run | year.labels for year in simulate({"a": 0.1}, 3)]
    twice = years + [row | {"world": "other"} for row in years]
    one, two = run_lines(years)[0], run_lines(twice)[0]
    assert two.estimates["gmv_paid_fen"].half == pytest.approx(one.estimates["gmv_paid_fen"].half)


@pytest.mark.parametrize(
    ("shares", "told"), [((0.008, 0.009), ""), ((0.0, 0.06), "price cap on 3 % of orders")]
)
def test_a_price_cap_that_binds_says_on_how_many_orders(
    shares: tuple[float, ...], told: str
) -> None:
    years = [year.run | year.labels for year in simulate({"a": 0.1}, 2)]
    rows = [row | {"cap_binding_share": one} for row, one in zip(years, shares, strict=True)]
    assert run_lines(rows)[0].binding == told


def test_a_simulation_is_told_plainly(tmp_path: Path) -> None:
    said = _sentences(read_study(simulate_folder(tmp_path)))[0]
    assert "Under h1_2020 GMV as paid ends at 218.6 ± 8.8 bn RMB" in said
    assert "reached in none of the runs" in said


@pytest.mark.parametrize(
    ("dates", "span"),
    [
        ({"first_day": "2020-01-01", "start": "2020-06-01", "end": "2020-12-31"},
         "2020, those before 2020-06-01 included"),
        ({"start": "2020-01-01", "end": "2021-12-31"}, "2020 alone"),
        ({"first_day": "2020-01-01", "start": "2020-01-01", "end": "2020-09-30"}, ""),
    ],
)  # fmt: skip
def test_a_target_says_which_sales_it_is_held_against(
    tmp_path: Path, dates: dict[str, str], span: str
) -> None:
    study = read_study(simulate_folder(tmp_path))
    scenario = study.config["scenario"] | {"calendar": dates}
    found = replace(study, config=study.config | {"scenario": scenario})
    said, noted = _sentences(found)[0], " ".join(limits(found))
    if not span:
        assert "held against" not in said
        assert "holds the goal against" not in noted
        return
    sold = float(np.mean([row["attainment_share"] * 250 for row in study.runs]))
    told = f"held against the sales of {span}, {sold:.1f} bn RMB, and reached in none of the runs."
    assert told in said
    assert f"holds the goal against the sales of {span}:" in noted


def test_a_comparison_is_told_plainly(tmp_path: Path) -> None:
    said = " ".join(_sentences(read_study(compare_folder(tmp_path))))
    assert "Against laissez_faire, h1_2020 changes GMV as paid by +9.09 ± 2.24 bn RMB" in said
    assert re.search(r" and contribution by −[\d.]+ ± [\d.]+ bn RMB\. Each RMB of subsidy", said)
    assert "Each RMB of subsidy more came with 1.34 RMB of GMV as paid (95% between" in said


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(0, 5, 0.0, 0.4345), (4, 5, 0.3755, 0.9638), (50, 100, 0.4038, 0.5962)],
)
def test_limits_of_a_probability_are_wilsons(
    successes: int, count: int, low: float, high: float
) -> None:
    assert wilson(successes, count) == pytest.approx((low, high), abs=1e-4)


def test_a_line_without_a_number_compares_as_nothing() -> None:
    line = Line("a", False, {"gmv_paid_fen": _Estimate()})
    assert isnan(line.value("gmv_paid_fen"))


def test_worlds_that_share_random_numbers_are_no_further_evidence(study: StudyResults) -> None:
    rows = [{**row, "world": f"w_{k}"} for row in study.runs for k in range(3)]
    lines = [replace(line, runs_count=3 * line.runs_count) for line in study.lines]
    pooled = replace(study, runs=rows, lines=lines)
    assert "With 5 independent ones, a probability" in _sentences(study)[-1]
    assert "With 5 independent ones, a probability" in _sentences(pooled)[-1]


def test_worlds_that_do_not_weigh_the_same_are_told_so(study: StudyResults) -> None:
    runs = [{**row, "world": world} for row in study.runs for world in ("a", "b")]
    asked = replace(study, runs=runs)
    assert any("2 worlds of equal weight" in said for said in limits(asked))
    assert not any("weigh alike" in said for said in limits(asked))
    weighed = replace(asked, worlds=[{"weight": 0.7}, {"weight": 0.3}])
    assert any("2 worlds: weighted by the actuals" in said for said in limits(weighed))

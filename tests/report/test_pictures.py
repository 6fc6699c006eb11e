"""What the pictures are made of: findings drawn from the data, units on axes, the right numbers."""

import json
import math
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.decision.amounts import bn
from engine.report import read_study
from engine.report.charts.ecosystem import _lorenz_picture
from engine.report.charts.frontier import frontier_picture
from engine.report.charts.grammar import CONFIG, Picture, wrapped
from engine.report.charts.learnt import Learnt
from engine.report.charts.over_time import _curves, _target_path, days_pictures
from engine.report.charts.prices import effect_pictures, plan_pictures, price_picture
from engine.report.charts.rows import estimates_picture
from engine.report.charts.subsidy import (
    BROUGHT_HEADS,
    _brought_pictures,
    _brought_rows,
    _giving_from,
    _segment_pictures,
    option_spending,
)
from engine.report.charts.worlds import miss_picture, world_picture
from engine.report.findings.factor_words import binding_words
from engine.report.findings.options import at_knee, decision_told
from engine.report.html.policies import _policy_texts
from engine.report.html.search import search_sections
from engine.report.html.static import _static_picture
from engine.report.read.results_model import Line, StudyResults
from engine.report.read.weighing import run_shares
from engine.units import FEN_PER_BN_RMB
from tests.kinds import SEGMENTS_SHAPE
from tests.report.studies import (
    TODAY,
    ablate_folder,
    compare_folder,
    optimize_folder,
    priced_folder,
    simulate_folder,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(optimize_folder(tmp_path_factory.mktemp("optimize")))


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(priced_folder(tmp_path_factory.mktemp("priced")))


def values(picture: Picture, *wanted: str) -> list[dict[str, Any]]:
    """All rows of a picture's data that have some columns."""
    rows = [row for rows in picture.spec["datasets"].values() for row in rows]
    return [row for row in rows if set(wanted) <= set(row)]


def drawn(study: StudyResults) -> list[Picture]:
    names = {name: text.called for name, text in _policy_texts(study).items()}
    short = {one.policy: one.short for one in decision_told(study).options}
    found = search_sections(study, short, names)
    return [one for part in found if part for one in part.pictures]


def test_every_picture_names_its_finding_and_the_units_of_its_axes(
    priced: StudyResults, study: StudyResults
) -> None:
    pictures = [*drawn(priced), *drawn(study)]
    assert len(pictures) >= 12
    for one in pictures:
        assert len(one.finding.split()) > 5
        titles = [t for t in titles_of(one.spec) if t]
        assert titles
        for title in titles:
            assert any(unit in title for unit in ("RMB", "%", "Month", "World", "deviations"))


def titles_of(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [title for one in tree for title in titles_of(one)]
    if not isinstance(tree, dict):
        return []
    own = [tree["title"]] if isinstance(tree.get("title"), str) else []
    return own + [title for key in tree if key != "datasets" for title in titles_of(tree[key])]


def test_prices_say_the_knee_the_top_and_what_nobody_holds(priced: StudyResults) -> None:
    one = price_picture(priced.prices)
    assert one is not None
    assert one.finding == (
        "280 bn RMB costs 0.50 bn RMB, 300 bn RMB costs 4 bn RMB more than today;"
        " no policy tried holds 310"
    )
    rows = values(one, "cost", "low80", "policy")
    assert [row["policy"] for row in rows] == ["h1_2020", "trial_012", "trial_031", "trial_058"]
    assert rows[1]["low80"] == pytest.approx(0.2)
    assert values(one, "target") != rows  # the dashed line stands at 310


def test_where_no_policy_reaches_the_goal_none_is_an_option_for_it(priced: StudyResults) -> None:
    none = dict.fromkeys(priced.prices[0]) | {
        "target_fen": 25e12, "p_reach_without": 0.4, "policy": "", "says": "",
        "is_recommended": True,
    }  # fmt: skip
    found = replace(priced, prices=[none])
    assert decision_told(found).options == []
    one = decision_told(found).headline
    assert one is not None
    assert (one.value, one.span) == ("0.40", "")
    assert price_picture(found.prices) is None
    assert all(" at its " not in said for said in decision_told(found).changes)


def test_one_world_has_no_range(priced: StudyResults) -> None:
    ends = [f"net_cost_fen_q{share}" for share in (10, 25, 75, 90)]
    prices = [row | dict.fromkeys(ends) for row in priced.prices]
    found = replace(priced, prices=prices)
    one = decision_told(found).headline
    assert one is not None
    assert one.span == ""
    assert len(decision_told(found).options) == 3
    assert price_picture(prices) is not None


def test_the_knee_lies_furthest_below_the_line_between_the_ends() -> None:
    def rows(*costs: float) -> list[dict[str, float]]:
        return [{"target_fen": k, "net_cost_fen_q50": cost} for k, cost in enumerate(costs)]

    assert at_knee(rows(0, 1, 2)) is None
    assert at_knee(rows(0, 10)) is None
    assert at_knee(rows(0, 1, 2, 10)) == {"target_fen": 2, "net_cost_fen_q50": 2}
    assert at_knee(rows(0, 6, 8, 10)) is None


def test_what_a_target_saves_has_no_sign(priced: StudyResults) -> None:
    one = price_picture([row | {"net_cost_fen_q50": -77e9} for row in priced.prices if row["says"]])
    assert one is not None
    assert one.finding == "300 bn RMB saves 0.77 bn RMB against today"
    same = price_picture([row | {"net_cost_fen_q50": 0.0} for row in priced.prices if row["says"]])
    assert same is not None
    assert same.finding == "300 bn RMB costs the same as today"


def test_worlds_say_how_surely_each_reaches_the_goal(priced: StudyResults) -> None:
    one = world_picture(priced, {"trial_058": "cheapest"})
    assert one is not None
    assert re.match(r"250 bn RMB is reached with probability \d\.\d\d", one.finding)


def test_what_binds_is_told_in_words() -> None:
    told = binding_words(
        "budget spent, subsidy.rate.source at its most", {"source": "factory goods"}
    )
    assert told == "budget spent, coupon on factory goods at its most"
    assert binding_words("subsidy.budget_bn_rmb at its least", {}) == "purse at its least"


def test_figures_are_missed_in_words(priced: StudyResults) -> None:
    rows = [{"world": "a", "miss.top_share(100), May 2020": -0.3, "miss.gmv, Q1 2020": 1.2}]
    found = miss_picture(rows)
    assert found is not None
    assert found.finding.startswith("2 of 2 misses, of 2 known figures in 1 world, are two")
    said = str(found)
    assert "share of the 100|largest anchors, May|2020" in said
    assert "top_share" not in said
    assert "'text': '0'" in said  # what rounds to nothing has no sign


def test_the_fan_says_where_the_year_ends_and_on_which_side_of_the_goal(
    priced: StudyResults,
) -> None:
    fan, months = plan_pictures(priced.plan, 25e12)
    assert (
        fan.finding
        == "The year ends at 240 bn RMB, 80 % between 216 and 264, around the goal of 250"
    )
    assert plan_pictures(priced.plan, 20e12)[0].finding.endswith("a range above the goal of 200")
    assert "2020-06 with 20 bn RMB" in months.finding
    assert plan_pictures([], 0) == []
    assert "not the actuals" in (fan.note or "")
    assert "diamond" not in str(fan.spec)


def test_what_is_published_stands_beside_the_fan(priced: StudyResults) -> None:
    fan, _ = plan_pictures(priced.plan, 25e12, priced.published)
    assert "diamond" in str(fan.spec)
    assert "published 63 bn RMB, simulated 60 bn RMB" in str(fan.spec)
    assert "the simulated median stands −4.8 % from it" in (fan.note or "")


def test_effects_are_signed_and_told_from_nothing_or_not(priced: StudyResults) -> None:
    gmv, contribution = effect_pictures(priced.effects)
    assert gmv.finding == "Most of GMV as paid is moved by “cap 0.9”: 2 bn RMB"
    told = {row["name"]: row["told"] for row in values(gmv, "told")}
    assert told == {
        "cap 0.9": "differs from zero",
        "no floor": "may be zero",
    }
    assert contribution.finding.startswith("Most of contribution")


def test_the_frontier_draws_every_policy_its_intervals_and_the_goal(study: StudyResults) -> None:
    one = frontier_picture(study, study.chosen_line(), {})
    assert one is not None
    rows = values(one, "policy", "own", "gmv")
    assert len(rows) == 7
    assert all({"own_low", "gmv_high"} <= set(row) for row in rows)
    assert {row["kind"] for row in rows} >= {"laissez_faire", "found by the search"}
    assert values(one, "goal") == [{"goal": 250.0}]
    assert "by trial_044" in one.finding
    few = [replace(line, runs_count=1) if k else line for k, line in enumerate(study.lines)]
    other = frontier_picture(replace(study, lines=few), None, {})
    assert other is not None
    assert sum("gmv_low" in row for row in values(other, "policy")) == 1
    assert "none reaches the goal" in other.finding


def test_a_curve_is_the_mean_of_the_years_and_its_band_their_range(study: StudyResults) -> None:
    assert study.daily is not None
    one = _curves(study.daily, ["h1_2020"], "gmv_paid_cumulative_fen", study.world_weights())[0]
    years = [row["gmv_paid_fen"] for row in study.runs if row["policy"] == "h1_2020"]
    assert one.mean[-1] * FEN_PER_BN_RMB == pytest.approx(np.mean(years))
    assert one.low[-1] * FEN_PER_BN_RMB == pytest.approx(min(years))
    assert one.high[-1] * FEN_PER_BN_RMB == pytest.approx(max(years))
    assert one.dates[-1] == date(2020, 12, 31)


def test_worlds_count_in_a_curve_by_their_weights(study: StudyResults) -> None:
    assert study.daily is not None
    world = [f"w{row['replication'] % 2}" for row in study.daily.to_pylist()]
    place = study.daily.schema.get_field_index("world")
    daily = study.daily.set_column(place, "world", pa.array(world))
    one = _curves(daily, ["h1_2020"], "gmv_paid_cumulative_fen", {"w0": 0.9, "w1": 0.1})[0]
    years = {row["replication"]: row["gmv_paid_fen"] for row in study.runs
             if row["policy"] == "h1_2020"}  # fmt: skip
    even, odd = (np.mean([y for k, y in years.items() if k % 2 == rest]) for rest in (0, 1))
    assert one.mean[-1] * FEN_PER_BN_RMB == pytest.approx(0.9 * even + 0.1 * odd)


def test_weeks_add_up_to_the_year_but_for_the_days_left_over(study: StudyResults) -> None:
    assert study.daily is not None
    weeks = _curves(study.daily, ["trial_058"], "subsidy_fen", study.world_weights())[0]
    rows = [row for row in study.daily.to_pylist() if row["policy"] == "trial_058"]
    whole = [row["subsidy_fen"] for row in rows if row["date"] < date(2020, 12, 30)]
    assert len(weeks.mean) == 52
    assert weeks.mean.sum() * FEN_PER_BN_RMB == pytest.approx(sum(whole) / 5)


def test_the_path_steered_by_ends_at_the_target(study: StudyResults) -> None:
    assert study.daily is not None
    found = _target_path(study.daily, study.policies, study.world_weights())
    assert found is not None
    assert found.mean[-1] == pytest.approx(250)


def test_what_is_published_stands_beside_a_simulated_year(study: StudyResults) -> None:
    rows = [{"month": date(2020, month, 1), "so_far_fen": month * 2e12} for month in (3, 9)]
    late = {"month": date(2021, 3, 1), "so_far_fen": 1.0}
    sales = days_pictures(replace(study, published=[*rows, late]), ["h1_2020"], {})[0]
    marks = values(sales, "apart")
    assert [(row["date"], row["value"]) for row in marks] == [
        ("2020-03-31", 60),
        ("2020-09-30", 180),
    ]
    assert study.daily is not None
    sold = [
        row["gmv_paid_cumulative_fen"] for row in study.daily.to_pylist()
        if row["policy"] == "h1_2020" and row["date"] == date(2020, 9, 30)
    ]  # fmt: skip
    assert marks[1]["apart"] == pytest.approx(100 * (np.mean(sold) / 18e12 - 1), abs=0.1)
    assert "at the last, 2020-09, the simulated mean stands" in sales.note
    assert "Diamonds" not in days_pictures(study, ["h1_2020"], {})[0].note


def test_a_short_horizon_is_drawn_by_days(tmp_path: Path) -> None:
    short = read_study(simulate_folder(tmp_path, end=date(2020, 1, 20)))
    sales = days_pictures(short, ["h1_2020"], {})[0]
    assert len(values(sales, "mean")) == 20
    assert sales.finding.startswith("Under “h1_2020” the year stands on 2020-01-20 at ")
    assert ", for a goal of 250" in sales.finding


def test_a_goal_is_that_of_its_calendar_year(tmp_path: Path) -> None:
    two = read_study(simulate_folder(tmp_path, end=date(2021, 12, 31)))
    finding = days_pictures(two, ["h1_2020"], {})[0].finding
    assert "the year ends at" in finding
    assert "goal" not in finding


def test_segments_say_where_the_coupons_went(tmp_path: Path) -> None:
    found = read_study(simulate_folder(tmp_path))
    assert found.segments
    rows = [
        row
        | {"subsidy_fen": 3e11 if row["tier"] == "tier3" else 1e11, "partner_subsidy_fen": 0.0}
        | {"gmv_paid_fen": 5e12}
        for row in found.segments
    ]
    for row in rows:
        row["subsidy_fen"] *= 9 if row["buyer"] == "known" else 1
    found = replace(found, segments=rows)
    tiers, domains, buyers, shares = _segment_pictures(found, "h1_2020")
    assert tiers.finding.startswith("75% of")
    assert "tier 3 and below" in tiers.finding
    assert "of the coupons were spent on sales" in domains.finding
    assert buyers.finding == "90% of the coupons went to known buyers"
    new = sum(row["value"] for row in values(buyers, "tip") if row["series"] == "new buyers")
    assert new == pytest.approx(sum(r["subsidy_fen"] for r in rows) / 10 / FEN_PER_BN_RMB)
    assert {row["series"] for row in values(shares, "series")} == {
        "share of coupons",
        "share of GMV as paid",
    }


@pytest.mark.parametrize("make", [compare_folder, ablate_folder])
def test_analyses_without_a_search_are_drawn_too(tmp_path: Path, make: Any) -> None:
    from engine.report.html.analyses import _difference_sections

    (section,) = _difference_sections(read_study(make(tmp_path)))
    assert section is not None
    assert section.pictures


def test_long_names_are_broken_between_words() -> None:
    assert wrapped("29 % on multinationals, 30 % on the partner's goods", 28) == (
        "29 % on multinationals, 30 %|on the partner's goods"
    )
    assert wrapped("") == ""


def test_a_static_picture_is_one_image_without_addresses(priced: StudyResults) -> None:
    one = price_picture(priced.prices)
    assert one is not None
    assert _static_picture(one.spec, CONFIG).startswith("data:image/svg+xml;base64,")
    assert "http" not in json.dumps(one.spec)


def test_what_a_policys_coupons_brought_is_told_against_today(priced: StudyResults) -> None:
    one, buyers = _brought_pictures(priced, "trial_058", "ambitious", TODAY, "today")
    more = {name: sum(row["value"] for row in values(one, "series", "tip") if row["series"] == name)
            for name in ("coupons, less what came back", "GMV as paid")}  # fmt: skip
    own, base = (
        [row for row in priced.runs if row["policy"] == name] for name in ("trial_058", TODAY)
    )
    given = [row["subsidy_fen"] - row["refunded_subsidy_fen"] for row in own]
    less = [row["subsidy_fen"] - row["refunded_subsidy_fen"] for row in base]
    change = (np.mean(given) - np.mean(less)) / FEN_PER_BN_RMB
    assert more["coupons, less what came back"] == pytest.approx(change, rel=1e-6)
    sold = [np.mean([row["gmv_paid_fen"] for row in rows]) for rows in (own, base)]
    assert more["GMV as paid"] == pytest.approx((sold[0] - sold[1]) / FEN_PER_BN_RMB, rel=1e-6)
    assert (
        f"gives {bn(change * FEN_PER_BN_RMB)} bn RMB more in kept coupons than today" in one.finding
    )
    sold_to = {r["name"]: r["value"] for r in values(buyers, "tip") if r["series"] == "GMV as paid"}
    assert sold_to.keys() == {"new buyers", "known buyers"}
    assert sum(sold_to.values()) == pytest.approx(more["GMV as paid"])
    assert f"and sells them {sold_to['new buyers']:+.2f}; known buyers get" in buyers.finding
    lines = _brought_rows(priced, "trial_058", TODAY)
    assert len(lines) == math.prod(SEGMENTS_SHAPE)
    assert {len(line) for line in lines} == {len(BROUGHT_HEADS)}


def test_coupons_are_told_of_the_recommended_policy_then_of_today_s(priced: StudyResults) -> None:
    shown = {"trial_058": "cheapest", "trial_012": "ambitious"}
    assert option_spending(priced, shown, TODAY, "today").called == "cheapest"
    nothing = {"subsidy_fen": 0.0, "partner_subsidy_fen": 0.0, "refunded_subsidy_fen": 0.0}
    rows = [row | (nothing if row["policy"] == "trial_058" else {}) for row in priced.segments]
    found = option_spending(replace(priced, segments=rows), shown, TODAY, "today")
    assert found.called == "today"
    said = " ".join(one.finding for one in found.pictures if one is not None)
    assert "“cheapest” gives" in said
    assert "“ambitious”" not in said.partition(";")[2]


def test_policies_without_segments_have_no_such_picture(priced: StudyResults) -> None:
    assert _brought_pictures(priced, "trial_044", "another", TODAY, "today") == []
    assert _brought_rows(priced, "trial_044", TODAY) == []


def test_a_search_draws_a_lorenz_curve_a_policy(priced: StudyResults) -> None:
    one = _lorenz_picture(priced, {"trial_058": "ambitious", "trial_044": "not kept", TODAY: "now"})
    assert one is not None
    assert {row["series"] for row in values(one, "series")} == {"ambitious", "now"}
    assert "under “ambitious”" in one.finding


def test_worlds_count_in_segments_as_they_weigh() -> None:
    runs = [{"policy": "a", "world": w} for w in ("one", "one", "two", "two")]
    worlds = [{"world": "one", "weight": 0.9}, {"world": "two", "weight": 0.1}]
    assert run_shares(runs, worlds) == {("a", "one"): 0.45, ("a", "two"): 0.05}
    assert run_shares(runs[1:], []) == {("a", "one"): pytest.approx(1 / 3),
                                        ("a", "two"): pytest.approx(1 / 3)}  # fmt: skip
    assert run_shares(runs[:2], worlds) == {("a", "one"): 0.5}


def test_coupons_are_told_of_who_spends_most_from_the_decision_on(priced: StudyResults) -> None:
    shown = {"h1_2020": "cheapest", "trial_058": "ambitious"}
    finding = days_pictures(priced, list(shown), shown)[1].finding
    assert "Most own coupons from the decision on are spent under “ambitious”" in finding
    assert date.fromisoformat(finding[-10:]) > date(2020, 6, 1)


def test_coupons_of_the_past_alone_are_not_where_coupons_went(priced: StudyResults) -> None:
    assert priced.daily is not None
    assert _giving_from(priced.daily, date(2020, 6, 1)) >= {"h1_2020", "trial_058"}
    assert _giving_from(priced.daily, date(2021, 1, 1)) == set()


def test_where_trials_tell_no_lever_that_is_said(priced: StudyResults) -> None:
    few = [{"state": "complete"}] * 10 + [{"state": "failed"}]
    told = search_sections(replace(priced, learnt=[], trials=few), {}, {})
    (one,) = (part for part in told if part and part.heading == "Levers and their response")
    assert one.items[0].startswith("The 10 trials of this search do not tell")
    told = search_sections(priced, {}, {})
    (one,) = (part for part in told if part and part.heading == "Levers and their response")
    assert not any("do not tell" in item for item in one.items)


def test_a_policy_that_holds_several_targets_costs_at_the_margin_what_its_first_does(
    priced: StudyResults,
) -> None:
    last = dict(priced.prices[3]) | {"target_fen": 305e11, "marginal_cost_share": None}
    found = decision_told(replace(priced, prices=[*priced.prices[:4], last])).options
    facts = {fact.label: fact for fact in found[-1].facts}
    assert facts["Target reached"].value == "305 bn RMB"
    assert facts["RMB per further RMB of GMV"].value == "0.10"
    first = {fact.label: fact for fact in found[0].facts}["RMB per further RMB of GMV"]
    assert first.note == "the least target here"


def test_an_option_says_how_far_its_figures_may_lie_apart(priced: StudyResults) -> None:
    row = dict(priced.prices[3]) | {"marginal_cost_share_q10": 0.05, "p_reach_worst": 0.5}
    row |= {"marginal_cost_share_q90": 0.12, "p_reach_ci_low": 0.44, "p_reach_ci_high": 1.0}
    found = decision_told(replace(priced, prices=[*priced.prices[:3], row])).options
    facts = {fact.label: fact.note for fact in found[-1].facts}
    assert facts["RMB per further RMB of GMV"] == "80 % of worlds: 0.05 to 0.12"
    assert facts["P(reach the target)"] == "95 %: 0.44 to 1.00; worst world: 0.50"
    assert facts["Own subsidy"] == "of the whole run"


def test_the_next_step_is_named_by_the_most_that_its_policy_reaches(priced: StudyResults) -> None:
    more = dict(priced.prices[1]) | {"target_fen": 275e11, "marginal_cost_share": None}
    told = decision_told(replace(priced, prices=[*priced.prices[:2], more])).changes
    assert any("the next step, 275 bn RMB, is the better choice" in one for one in told)


def test_levers_that_surely_move_the_goal_are_drawn_and_the_others_named(
    priced: StudyResults,
) -> None:
    found = Learnt.of(priced.learnt, "today’s policy")
    (one,) = found.pictures
    assert (
        one.finding
        == "GMV as paid changes by −5.00 ± 1.00 bn RMB as purse goes from 10 to 0 bn RMB"
    )
    assert found.items[0].endswith("no effect: price cap.")
    assert Learnt.of([], "") == ([], "", [])


def seen(line: Line, off_bn: float) -> Line:
    """A policy whose sales the search saw by `off_bn` bn RMB too high."""
    found = line.estimates["gmv_paid_fen"]
    search = (found.value or 0.0) + off_bn * FEN_PER_BN_RMB
    return replace(line, estimates=line.estimates | {"gmv_paid_fen": found._replace(search=search)})


def test_luck_of_what_was_found_is_told_beyond_that_of_the_seeds(study: StudyResults) -> None:
    lines = [seen(line, -14.0 if line.is_baseline else -13.5) for line in study.lines]
    picture = estimates_picture(lines, {})
    assert picture is not None
    assert picture.finding.startswith("Against given policies, what the search found was seen 0.5")
    assert picture.finding.endswith("bn RMB too high")
    assert "are seen 14" in picture.note
    assert "bn RMB too low: all share the search’s seeds" in picture.note
    found_alone = estimates_picture([line for line in lines if not line.is_baseline], {})
    assert found_alone is not None
    assert found_alone.finding == "On average the search’s estimate was 13.5 bn RMB too low"

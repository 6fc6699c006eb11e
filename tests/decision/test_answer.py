"""The main job's answer, from a search of the fake market, whose cost curve is known to rise."""

import re
from datetime import date
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from engine.compute.pool import ProcessPool
from engine.decision.answer import Confirmed, PricedAnswer, _effects, answer
from engine.decision.tables import answer_tables
from engine.decision.weights import weighed_past
from engine.report.findings.prices import (
    PLAN,
    PRICES,
    effect_sentences,
    letters,
    plan_sentences,
)
from engine.report.terminal.answer import _price_table, print_answer
from engine.results.schemas import COLUMNS
from engine.search import SearchResult
from engine.spec.optimize import OptimizeJob
from engine.units import FEN_PER_BN_RMB
from tests.fakes import simulate_fake, small_policy, small_scenario
from tests.search.jobs import LEVERS, run, small_job

WORLDS: dict[str, dict[str, int]] = {"as_is": {}, "others": {"world_seed": 9}}


def asked_job(**changes: object) -> OptimizeJob:
    return small_job(
        today="held",
        reach_probability=0.5,
        ensemble={"name": "two", "worlds": WORLDS},
        objective={"name": "two", "goals": GOALS},
        **changes,
    )


def answered(confirmed: Confirmed) -> PricedAnswer:
    job, pool = asked_job(), ProcessPool(simulate_fake)
    return answer(job, confirmed, pool, weighed_past(job, [], pool))


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> tuple[SearchResult, PricedAnswer]:
    outcome = run(asked_job(), Path(tmp_path_factory.mktemp("search")))
    return outcome, answered(Confirmed(outcome.policies, outcome.results, outcome.frontier))


GOALS = [
    {"measure": "gmv_paid_fen", "direction": "maximize"},
    {"measure": "cost_fen", "direction": "minimize"},
]


def means(outcome: SearchResult, name: str) -> tuple[np.ndarray, float]:
    """GMV of every year of a policy, and its mean contribution, fen."""
    own = [year.run for year in outcome.results if year.labels["policy"] == name]
    gmv = np.array([run["gmv_paid_fen"] for run in own], float)
    return gmv, float(np.mean([run["platform_contribution_fen"] for run in own]))


def test_today_is_what_costs_are_counted_from(asked):
    _, found = asked
    assert found.names["held"] == "as today"
    assert found.rows[0].policy == "as today"
    assert found.rows[0].cost.value == 0


def test_no_policy_that_was_confirmed_is_cheaper_and_reaches_as_much(asked):
    outcome, found = asked
    counts = {name: len(means(outcome, name)[0]) for name in outcome.policies}
    whole = [name for name, count in counts.items() if count == max(counts.values())]
    base = means(outcome, "held")[1]
    assert len(whole) > 2
    for row in found.rows:
        costs = [
            base - means(outcome, name)[1]
            for name in whole
            if np.mean(means(outcome, name)[0] >= row.target_fen) >= 0.5
        ]
        assert (row.policy is None) == (not costs)
        if costs:
            assert row.cost.value == pytest.approx(min(costs))


def test_a_policy_that_breaks_a_constraint_stands_in_no_row(asked):
    outcome, found = asked
    best = next(row.policy for row in reversed(found.rows) if row.policy is not None)
    name = {said: trial for trial, said in found.names.items()}[best]
    assert name != found.today
    frontier = [row | {"feasible": row["policy"] != name} for row in outcome.frontier]
    again = answered(Confirmed(outcome.policies, outcome.results, frontier))
    assert best not in {row.policy for row in again.rows}
    assert any("1 of" in one and "break a constraint" in one for one in again.certainty)


def test_a_given_policy_outside_narrowed_limits_stands_in_no_row_and_is_told(asked):
    outcome, found = asked
    given = {"held", "not_held"}
    confirmed = Confirmed(
        outcome.policies,
        [result for result in outcome.results if result.labels["policy"] in given],
        [row for row in outcome.frontier if row["policy"] in given],
    )

    def told(low: float, high: float) -> tuple[str | None, list[str]]:
        levers = LEVERS | {"subsidy.rate.source": {"low": low, "high": high}}
        job = asked_job(space={"name": "few", "levers": levers}, targets_bn_rmb=(1,))
        pool = ProcessPool(simulate_fake)
        said = answer(job, confirmed, pool, weighed_past(job, [], pool))
        return said.rows[0].policy, [one for one in said.certainty if "outside the limits" in one]

    assert told(0.0, 0.4) == (found.names["not_held"], [])
    note = "not_held is outside the limits of the search (5 % on factory goods) and stands in no"
    assert told(0.06, 0.4) == ("as today", [f"{note} row."])
    assert told(0.2, 0.4)[0] == "as today"  # which is outside too, and what is compared with


def test_a_price_that_hangs_on_few_policies_is_told(asked):
    outcome, found = asked
    top = next(row for row in reversed(found.rows) if row.policy is not None)
    reached = sum(np.mean(means(outcome, name)[0] >= top.target_fen) >= 0.5 for name in found.names)
    assert reached == 1
    assert any("is reached by 1 of" in one for one in found.certainty)


def test_costs_rise_with_the_target(asked):
    reached = [row for row in asked[1].rows if row.policy is not None]
    assert len(reached) >= 2
    for lower, higher in pairwise(reached):
        assert lower.target_fen < higher.target_fen
        assert lower.cost.value <= higher.cost.value


def test_the_plan_adds_up_to_the_year(asked):
    outcome, found = asked
    name = found.found or "held"
    gmv = np.mean([y.daily["gmv_paid_fen"].sum() for y in outcome.results
                   if y.labels["policy"] == name])  # fmt: skip
    assert sum(month.gmv_fen for month in found.months) == pytest.approx(gmv)
    assert all(month.low_fen <= month.middle_fen <= month.high_fen for month in found.months)


def test_across_new_year_targets_are_those_of_the_decisions_year(tmp_path):
    job = small_job(
        today="held",
        reach_probability=0.5,
        objective={"name": "two", "goals": GOALS},
        scenario=small_scenario(end=date(2021, 3, 31)),
    )
    outcome = run(job, tmp_path)
    pool = ProcessPool(simulate_fake)
    confirmed = Confirmed(outcome.policies, outcome.results, outcome.frontier)
    found = answer(job, confirmed, pool, weighed_past(job, [], pool))
    row = next(row for row in found.rows if row.policy is not None)
    name = {said: trial for trial, said in found.names.items()}[row.policy]
    by_end = [
        year.daily["gmv_paid_fen"][:366].sum()
        for year in outcome.results
        if year.labels["policy"] == name
    ]
    assert row.gmv_fen == pytest.approx(np.mean(by_end))
    assert row.target_fen <= np.max(by_end)
    december, march = found.months[11], found.months[-1]
    assert march.middle_fen < 0.5 * december.middle_fen


def test_effects_are_told_of_what_the_recommended_policy_moves_alone(asked):
    found = asked[1]
    moved = {one.lever for one in found.effects if one.lever}
    assert bool(found.effects) == (found.names.get(found.found, "as today") != "as today")
    space = {"subsidy.rate.source", "subsidy.cap_rmb", "price.plan_festivals_count",
             "target.knots"}  # fmt: skip
    assert moved <= space


def test_tables_have_their_columns(asked):
    for table, rows in answer_tables(asked[1]).items():
        for row in rows:
            assert set(row) == set(COLUMNS[table]), table
    targets = [
        row["target_fen"] / FEN_PER_BN_RMB for row in answer_tables(asked[1])["price_of_target"]
    ]
    assert 250.0 in targets


def test_the_end_of_the_command_is_short_and_narrow(asked):
    tables, out = answer_tables(asked[1]), StringIO()
    print_answer(tables, Console(file=out, width=100))
    lines = out.getvalue().rstrip().splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 30
    said = " ".join(out.getvalue().split())
    assert "Doing nothing more reaches 250" in said
    assert "With 3 runs a world, the probability of" in said
    assert "Plan of the recommended policy, GMV in bn RMB" in said
    for letter, said in letters(tables["price_of_target"]).items():
        assert f"{letter}  {said}" in map(str.rstrip, lines)


@pytest.mark.parametrize(
    ("width", "missing"), [(120, set()), (100, {"P worst"}), (80, {"P worst", "RMB per RMB, 80 %"})]
)
def test_a_narrow_terminal_has_fewer_columns_and_cuts_none(width, missing):
    prices = [_priced(0.5), _priced(0.25) | {"says": ""}]
    table = _price_table(prices, width)
    heads = {" ".join(column.header.split()) for column in table.columns}
    assert set(PRICES.heads) - heads == missing
    out = StringIO()
    Console(file=out, width=width).print(table)
    lines = out.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    assert "…" not in out.getvalue()
    assert any("−1.8 to −1.7" in line for line in lines)


def _priced(ratio: float) -> dict[str, object]:
    """A row of `price_of_target` as wide as those of the main job."""
    row: dict[str, object] = dict.fromkeys(COLUMNS["price_of_target"], ratio)
    row |= {"target_fen": 2.85e13, "says": "something", "p_reach_without": 0.85}
    row |= {"net_cost_fen_q50": -1.75e11, "net_cost_fen_q10": -1.8e11, "net_cost_fen_q90": -1.7e11}
    return row | {"subsidy_fen": 3.06e12}


def test_a_row_tells_over_which_range_of_worlds_one_more_rmb_of_sales_costs():
    place = PRICES.heads.index("RMB per RMB, 80 %")
    row = _priced(0.5) | {"marginal_cost_share_q10": -0.004, "marginal_cost_share_q90": 0.6}
    assert PRICES.cells([row])[0][place] == "0.00 to 0.60"
    assert PRICES.cells([row | {"marginal_cost_share_q90": None}])[0][place] == "–"


def test_every_policy_of_the_table_has_a_letter_and_every_row_its_cells(asked):
    prices = answer_tables(asked[1])["price_of_target"]
    named = letters(prices)
    for row, cells in zip(prices, PRICES.cells(prices), strict=True):
        assert len(cells) == len(PRICES.heads)
        if row["says"]:
            assert named[cells[2].removeprefix("as ")] == row["says"]
        else:
            assert cells[2] == "none"


def test_coupons_of_the_plan_and_those_before_it_are_the_subsidy_of_the_table(asked):
    found = asked[1]
    row = next(row for row in found.rows if row.policy == found.recommended.policy)
    assert sum(month.subsidy_fen for month in found.months) == pytest.approx(row.subsidy_fen)
    ahead = [_month(6, 2e10), _month(7, 3e10)]
    assert "; coupons 0.5; by" in plan_sentences(ahead, ())[0]
    past = [_month(month, 1e10) | {"is_past": True} for month in range(1, 6)]
    told = plan_sentences([*past, *ahead], ())[0]
    assert "; coupons 0.5 and 0.5 in the months before; by the end of Jul" in told


def _month(month: int, spent: float) -> dict[str, object]:
    row = dict.fromkeys(("gmv_fen", "low_fen", "middle_fen", "high_fen", "target_fen"), 2e13)
    return row | {"month": date(2020, month, 1), "is_past": False, "subsidy_fen": spent}


def test_a_policy_of_several_rows_is_told_as_one():
    said = ("cheap", "dear", "dear", "dear", "")
    rows = [_priced(0.5) | {"says": one} for one in said]
    assert [cells[2] for cells in PRICES.cells(rows)] == ["A", "B", "as B", "as B", "none"]
    assert letters(rows) == {"A": "cheap", "B": "dear"}


def test_the_row_of_the_goal_has_the_limits_that_the_sentence_gives(asked):
    found = asked[1]
    prices = answer_tables(found)["price_of_target"]
    row = next(row for row in prices if row["target_fen"] == 250 * FEN_PER_BN_RMB)
    assert row["policy"] == found.found
    limits = f"{row['p_reach_ci_low']:.2f} to {row['p_reach_ci_high']:.2f}"
    assert found.luck[0].endswith(f"of {row['p_reach']:.2f} may be anything from {limits}.")
    cells = PRICES.cells([row])[0]
    assert cells[PRICES.heads.index("P reach, 95 %")] == limits


def test_a_market_a_hundredth_as_large_keeps_its_digits(asked):
    tables = answer_tables(asked[1])

    def small(rows):
        def less(name, value):
            is_money = name.endswith(("_fen", "_q50", "_q10", "_q90"))
            return value / 100 if is_money and value else value

        return [{name: less(name, value) for name, value in row.items()} for row in rows]

    def numbers(cells):
        return [
            [Decimal(one) for one in re.findall(r"[\d.]+", cell.replace(",", ""))]
            for line in cells
            for cell in line
        ]

    priced, plan = tables["price_of_target"], tables["plan"]
    money = [PRICES.heads.index(head) for head in ("Net cost", "80 % of worlds", "Whole subsidy")]
    for cells, places, rows in ((PRICES.cells, money, priced), (PLAN.cells, range(1, 6), plan)):
        large, less = ([[row[k] for k in places] for row in cells(one)] for one in
                       (rows, small(rows)))  # fmt: skip
        assert [[x / 100 for x in own] for own in numbers(large)] == numbers(less)
    (large,), (less,) = (plan_sentences(one, ())[:1] for one in (plan, small(plan)))
    digits = re.compile(r"\d[\d.]*")
    assert [Decimal(x) / 100 for x in digits.findall(large)] == [
        Decimal(x) for x in digits.findall(less)
    ]


def test_effects_are_told_largest_first_with_both_measures():
    def effect(lever: str, measure: str, value: float) -> dict[str, object]:
        return {"lever": lever, "says": lever, "view": "leave_one_out", "measure": measure,
                "effect": value, "ci_low": value - 1e11, "ci_high": value + 1e11,
                "pairs_count": 8}  # fmt: skip

    rows = [
        effect("small", "gmv_paid_fen", 2e11),
        effect("large", "gmv_paid_fen", -3e11),
        effect("small", "platform_contribution_fen", -1e11),
        effect("large", "platform_contribution_fen", 4e11),
    ]
    (said,) = effect_sentences(rows)
    assert "large \N{MINUS SIGN}3.0" in said
    assert "and +4.0; small +2.0 (1.0 to 3.0) and \N{MINUS SIGN}1.0." in said
    assert said.startswith(
        "What the largest changes of the recommended policy bring, in 8 pairs of runs, GMV"
    )
    assert effect_sentences([]) == []
    small = [{"middle_fen": 6e11, "target_fen": 0.0}]
    assert "large \N{MINUS SIGN}3.000" in effect_sentences(rows, small)[0]


def test_effects_that_noise_may_have_brought_say_so_first():
    def effect(lever: str, low: float, measure: str = "gmv_paid_fen") -> dict[str, object]:
        return {"lever": lever, "says": lever, "view": "leave_one_out", "measure": measure,
                "effect": 2e11, "ci_low": low, "ci_high": 5e11, "pairs_count": 8}  # fmt: skip

    costs = [effect(lever, -1e11, "platform_contribution_fen") for lever in "ab"]
    (some,) = effect_sentences([effect("a", -1e11), effect("b", 1e11), *costs])
    assert "a +2.0 (−1.0 to 5.0: noise) and +2.0; b +2.0 (1.0 to 5.0) and" in some
    (none,) = effect_sentences([effect("a", -1e11), effect("b", -1e11), *costs])
    assert none.startswith("No single change of the recommended policy moves GMV beyond noise")
    assert "noise)" not in none


def test_what_rounds_to_nothing_has_no_sign():
    row = {"lever": "a", "says": "a", "view": "leave_one_out", "effect": -1e8,
           "ci_low": -2e8, "ci_high": 1e8, "pairs_count": 8}  # fmt: skip
    both = ("gmv_paid_fen", "platform_contribution_fen")
    (said,) = effect_sentences([row | {"measure": measure} for measure in both])
    assert said.endswith("a 0.0 (0.0 to 0.0) and 0.0.")


def test_effects_may_be_told_in_the_heaviest_worlds_alone():
    job = small_job(
        today="held",
        ensemble={"name": "two", "worlds": WORLDS},
        search={"attribution_worlds_count": 1},
    )
    moved = small_policy("moved", 0.3)
    policies = {"held": job.baselines["held"], "moved": moved}
    seen: list[str] = []

    def noted(case):
        seen.append(case.world)
        return simulate_fake(case)

    weights = {"as_is": 0.3, "others": 0.7}
    assert _effects(job, policies, "moved", ProcessPool(noted), weights)
    assert set(seen) == {"others"}

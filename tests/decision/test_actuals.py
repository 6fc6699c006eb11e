"""What is known by the decision weighs the answer: by the fake market, two worlds of which differ.

World `high` sells a third more than `low` on each day, whatever the policy.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from engine.case import Case, RunResult
from engine.compute.pool import ProcessPool
from engine.config import load
from engine.decision.amounts import bn
from engine.decision.answer import Confirmed, PricedAnswer, _plan_by_month, answer
from engine.decision.price_table import ConfirmedPolicy, PriceQuestion, price_table
from engine.decision.tables import answer_tables
from engine.decision.weights import _past_cases, known_actuals, weighed_past
from engine.errors import InputError
from engine.market.run import simulate
from engine.results.schemas import COLUMNS
from engine.results.writer import _table_of_rows
from engine.spec.optimize import OptimizeJob
from engine.units import FEN_PER_BN_RMB
from tests.fakes import simulate_fake, small_policy
from tests.search.jobs import run, small_job
from tests.worlds import CONF, case

HEAD = "role,key,period,value,unit,confidence,tolerance\n"
WORLDS = {"low": {}, "high": {"world_seed": 9}}
ACCURACY = {
    "tolerance": {"high": 0.1, "medium": 0.2, "low": 0.4},
    "discrepancy": dict.fromkeys(("level", "growth", "share", "elasticity", "elsewhere"), 0.05),
    "repeat_reading": "twice",
}
FLOWS = ("gmv_paid_fen", "gmv_fen")


def job(**changes) -> OptimizeJob:
    return small_job(**{
        "today": "held",
        "history": small_policy("before", 0.1),
        "decision_date": date(2020, 3, 1),
        "actuals": "mine.csv",
        "accuracy": ACCURACY,
        "reach_probability": 0.5,
        "ensemble": {"name": "two", "worlds": WORLDS},
    } | changes)  # fmt: skip


def two_worlds(asked: Case) -> RunResult:
    """A year of the fake market; `high` sells more."""
    year = simulate_fake(asked)
    if asked.world != "high":
        return year
    more = {name: year.daily[name] * 4 // 3 for name in FLOWS}
    return replace(year, daily=year.daily | more,
                   run=year.run | {"gmv_paid_fen": int(more["gmv_paid_fen"].sum())})  # fmt: skip


def sold(world: str, first: int, last: int) -> float:
    """GMV at list price of days of the past, mean over replications, bn RMB."""
    years = [two_worlds(one) for one in _past_cases(job()) if one.world == world]
    return float(np.mean([year.daily["gmv_fen"][first:last].sum() for year in years])) / 1e11


def known(place: Path, *rows: str):
    table = place / "mine.csv"
    table.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return known_actuals(job(), str(table))


def january(value: float) -> str:
    return f"fit,gmv,Jan 2020,{value},bn RMB,high,"


def weights(figures) -> dict[str, float]:
    return weighed_past(job(), figures, ProcessPool(two_worlds)).weights.weights


def test_the_past_ends_on_the_night_before_the_decision():
    found = list(_past_cases(job()))
    assert {one.scenario.calendar.end for one in found} == {date(2020, 2, 29)}
    assert [(one.world, one.replication) for one in found] == [
        (world, r) for world in WORLDS for r in range(3)
    ]
    assert {(one.policy.name, one.history, one.decision_date) for one in found} == {
        ("before", None, None)
    }


def test_the_past_of_the_market_is_that_of_every_candidate():
    asked = replace(
        case("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50"),
        history=case().policy,
        decision_date=date(2020, 1, 21),
    )
    calendar = asked.scenario.calendar
    whole = simulate(replace(asked, scenario=_until(asked, date(2020, 2, 20))))
    shorter = _until(asked, date(2020, 1, 20))
    past = simulate(replace(asked, scenario=shorter, history=None, decision_date=None))
    assert calendar.end > shorter.calendar.end
    for name, days in past.daily.items():
        assert np.array_equal(days, whole.daily[name][:20]), name


def _until(asked: Case, end: date):
    calendar = asked.scenario.calendar.model_copy(update={"end": end})
    return asked.scenario.model_copy(update={"calendar": calendar})


def test_the_nearer_world_counts_more(tmp_path):
    found = weights(known(tmp_path, january(sold("high", 0, 31))))
    assert found["high"] > 0.6
    assert sum(found.values()) == pytest.approx(1)
    found = weights(known(tmp_path, january(sold("low", 0, 31))))
    assert found["low"] > 0.6


def test_rows_after_the_date_are_not_used(tmp_path):
    alone = known(tmp_path, january(20))
    later = known(tmp_path, january(20), "fit,gmv,Mar 2020,9000,bn RMB,high,",
                  "fit,gmv,Q1 2020,9000,bn RMB,high,")  # fmt: skip
    assert [one.period for one in later] == ["Jan 2020"]
    assert weights(alone) == weights(later)


def test_without_actuals_worlds_are_even_and_nothing_is_simulated():
    def none(_: Case) -> RunResult:
        raise AssertionError

    found = weighed_past(job(actuals=None), (), ProcessPool(none))
    assert found.weights.weights == {"low": 0.5, "high": 0.5}
    assert found.notes == ()


def test_a_mistake_in_the_table_is_told_as_one_of_actuals(tmp_path):
    with pytest.raises(InputError, match=r"actuals: .*column role: got 'guess'"):
        known(tmp_path, "guess,gmv,Jan 2020,20,bn RMB,high,")
    with pytest.raises(InputError, match=r"actuals: .*is no number"):
        known(tmp_path, january("many"))


def test_figures_that_nobody_observed_are_told(tmp_path):
    table = tmp_path / "init.csv"
    rows = [january(20) + ",placeholder: put your own", "fit,gmv,Feb 2020,20,bn RMB,high,,given"]
    table.write_text("\n".join([HEAD.strip() + ",note", *rows]))
    figures = known_actuals(job(), str(table))
    told = weighed_past(job(), figures, ProcessPool(two_worlds)).notes
    assert told[0].startswith("1 of the 2 known figures are placeholders or assumed")
    own = weighed_past(job(), known(tmp_path, january(20)), ProcessPool(two_worlds)).notes
    assert not any("placeholders" in one for one in own)


def test_a_purse_far_from_what_is_left_is_told(tmp_path):
    figures = known(tmp_path, january(20))
    before = small_policy("before", 0.1, subsidy={"budget_bn_rmb": 60.0})
    spent = [two_worlds(one).daily["subsidy_fen"].sum() for one in _past_cases(job())]
    left = 60.0 - np.mean(spent) / 1e11

    def told(purse: float) -> tuple[str, ...]:
        held = small_policy("anything", 0.1, subsidy={"budget_bn_rmb": purse})
        asked = job(baselines={"held": held}, history=before)
        return weighed_past(asked, figures, ProcessPool(two_worlds)).notes

    assert 20 < left < 40
    assert told(left) == ()
    (said,) = told(left + 10)
    assert f"{bn(left * FEN_PER_BN_RMB)} bn RMB are left on 2020-03-01" in said
    assert said.endswith("set it (baselines.held.subsidy.budget_bn_rmb).")


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Confirmed:
    outcome = run(job(), Path(tmp_path_factory.mktemp("search")), two_worlds)
    return Confirmed(outcome.policies, outcome.results, outcome.frontier)


def answered(searched: Confirmed, figures) -> PricedAnswer:
    pool = ProcessPool(two_worlds)
    return answer(job(), searched, pool, weighed_past(job(), figures, pool))


def test_the_answer_moves_towards_the_nearer_world(searched, tmp_path):
    low = answered(searched, known(tmp_path, january(sold("low", 0, 31))))
    high = answered(searched, known(tmp_path, january(sold("high", 0, 31))))
    assert low.recommended.held_fen < high.recommended.held_fen
    assert low.months[-1].gmv_fen < high.months[-1].gmv_fen
    assert low.certainty[0].startswith(
        "How sure: 2 worlds are asked; those that match 1 figure known by the decision best count "
        "most, as if only 1."
    )


def test_that_the_model_knows_no_such_world_is_said(searched, tmp_path):
    found = answered(searched, known(tmp_path, january(9000)))
    assert any(one.startswith("The model knows no world like this") for one in found.certainty)
    assert min(found.weights.weights.values()) > 0.1
    assert any(
        "The model knows no world" in row["sentence"] for row in answer_tables(found)["advice"]
    )


def test_the_table_of_worlds_has_its_columns_and_misses(searched, tmp_path):
    figures = known(tmp_path, january(sold("low", 0, 31)), "fit,order_value,Feb 2020,60,RMB,high,")
    rows = answer_tables(answered(searched, figures))["weights"]
    misses = {"miss.gmv, Jan 2020", "miss.order_value, Feb 2020"}
    assert all(set(row) == set(COLUMNS["weights"]) | misses for row in rows)
    assert [row["world"] for row in rows] == list(WORLDS)
    assert sum(row["weight"] for row in rows) == pytest.approx(1)
    assert abs(rows[0]["miss.gmv, Jan 2020"]) < 0.01 < rows[1]["miss.gmv, Jan 2020"]
    assert _table_of_rows("weights", rows).num_rows == 2


def test_all_weight_on_one_world_gives_its_price_table():
    chance = np.array([-2.0, 0.0, 2.0])
    policies = [
        ConfirmedPolicy(f"more {k}", np.array([200 + k + chance, 300 + 2 * k + chance]),
                        np.array([1.0 * k + chance, 3.0 * k + chance]), np.full((2, 3), 1.0 * k))
        for k in (0, 10, 20)
    ]  # fmt: skip
    alone = [
        ConfirmedPolicy(one.name, one.gmv_fen[1:], one.cost_fen[1:], one.subsidy_fen[1:])
        for one in policies
    ]
    targets = [299.0, 315.0, 335.0, 350.0]
    both = PriceQuestion(0.6, ("a", "b"), np.array([0.0, 1.0]))
    found = price_table(policies[1:], policies[0], targets, both)
    wanted = price_table(alone[1:], alone[0], targets, PriceQuestion(0.6, ("b",), np.ones(1)))
    own = {"worst_world", "worst_reach"}  # the worst is told whatever its weight
    for row, other in zip(found, wanted, strict=True):
        for name, value in row._asdict().items():
            if name not in own:
                assert value == pytest.approx(getattr(other, name)), name
    assert [row.policy for row in found] == ["more 0", "more 10", "more 20", None]


def test_all_weight_on_one_world_gives_its_plan(searched):
    years = [year for year in searched.results if year.labels["policy"] == "held"]
    own = [year for year in years if year.labels["world"] == "high"]
    policy = searched.policies["held"]
    found = _plan_by_month(job(), policy, years, {"low": 0.0, "high": 1.0})
    assert found == _plan_by_month(job(), policy, own, {"high": 1.0})
    even = _plan_by_month(job(), policy, years, {"low": 0.5, "high": 0.5})
    assert even[0].gmv_fen < found[0].gmv_fen


@pytest.mark.parametrize("missing", ["today", "history", "decision_date", "accuracy"])
def test_actuals_need_a_past_and_an_answer(missing: str):
    with pytest.raises(ValueError, match=f"but {missing} is not given"):
        job(**{missing: None})


def test_published_figures_weigh_the_worlds_of_june():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        asked = load(compose("optimize", ["scale=smoke"]), OptimizeJob)
    found = known_actuals(asked, str(CONF / "observed" / f"{asked.actuals}.csv"))
    assert {"gmv", "top_share(10)"} <= {one.key for one in found}
    assert all(span.last < date(2020, 6, 1) for one in found for span in one.days)

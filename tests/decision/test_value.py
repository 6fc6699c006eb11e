"""Values against daily sums that are known: a coupon that pulls forward and leaves a habit."""

from dataclasses import replace

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.decision.value import run_off_notes, shown_values, value_cases, value_rows
from engine.measures.run_off import VALUED, value_label, value_measure
from engine.spec.jobs import CompareJob, Ensemble, Ray
from tests.fakes import SMALL_SCALE, simulate_fake, small_policy, small_scenario

DAYS, FLOW = 91, "platform_contribution_fen"
"""Days of the small scenario, January to March."""


def job(**changes) -> CompareJob:
    asked = {
        "seed": 1, "world_seed": 1, "replications": 3, "threads": 1, "scenario": small_scenario(),
        "scale": SMALL_SCALE, "ensemble": Ensemble(name="e", worlds={"a": {}, "b": {}}),
        "ray": Ray(backend="process", address=None, workers_count=None, retries_count=0),
        "policies": {"base": small_policy("base", 0.0), "coupons": small_policy("coupons", 0.1)},
        "baseline": "base", "run_off": (0, 90, 365), "discount_per_year": 0.0,
    }  # fmt: skip
    return CompareJob.model_construct(**(asked | changes), one_at_a_time=None)


def days_of(case: Case, left: float = 2.0, lasting: float = 0.99) -> np.ndarray:
    """-10 a day in the horizon; after it 40 days of -5, then a habit that fades from `left`."""
    chance = 1 + 0.1 * case.replication
    if case.policy.name == "base":
        return np.full(DAYS + 365, 1000.0)
    after = np.concatenate((np.full(40, -5.0), left * lasting ** np.arange(325)))
    return 1000 + np.concatenate((np.full(DAYS, -10.0 * chance), after))


def year(case: Case, **how: float) -> RunResult:
    found = np.round(days_of(case, **how) * 1e6).astype(np.int64)
    return replace(simulate_fake(case), valued_days={FLOW: found, "gmv_paid_fen": 3 * found})


def values(asked: CompareJob, **how: float) -> dict[str, dict]:
    rows = value_rows(asked, "base", [year(case, **how) for case in value_cases(asked)])
    return {row["measure"]: row for row in rows}


def test_terms_are_those_of_the_days():
    found = values(job())
    chance = 1.1  # mean of 1, 1.1 and 1.2
    fading = 2 * (1 - 0.99 ** np.array([50, 325])) / 0.01
    told = {
        (0, "in_the_year"): -10 * DAYS * chance,
        (90, "pulled_forward"): -200.0,
        (90, "left_behind"): fading[0],
        (90, "whole"): -10 * DAYS * chance - 200 + fading[0],
        (365, "whole"): -10 * DAYS * chance - 200 + fading[1],
        (365, "left_behind"): fading[1],
    }
    for (days, term), value in told.items():
        row = found[value_measure(FLOW, days, term)]
        assert row["difference"] == pytest.approx(value * 1e6, rel=1e-6), (days, term)
        assert found[value_measure("gmv_paid_fen", days, term)]["difference"] == pytest.approx(
            3 * value * 1e6, rel=1e-6
        )


def test_terms_add_up_and_have_intervals_over_replications():
    found = values(job(discount_per_year=0.3))
    whole, *parts = (
        found[value_measure(FLOW, days, term)]
        for days, term in (
            (365, "whole"), (0, "in_the_year"), (365, "pulled_forward"), (365, "left_behind"),
        )
    )  # fmt: skip
    assert whole["difference"] == pytest.approx(sum(row["difference"] for row in parts))
    assert (whole["units_count"], whole["worlds_count"]) == (3, 2)
    assert whole["ci_low"] < whole["difference"] < whole["ci_high"]
    assert whole["policy"] == "coupons"


def test_what_comes_later_counts_less():
    plain, cut = values(job()), values(job(discount_per_year=1.0))
    name = value_measure(FLOW, 365, "left_behind")
    t = DAYS + 40 + np.arange(325)
    by_hand = float((2 * 0.99 ** np.arange(325)) @ 2.0 ** (-t / 365)) * 1e6
    assert cut[name]["difference"] == pytest.approx(by_hand, rel=1e-5)
    assert cut[name]["difference"] < plain[name]["difference"]


def test_a_loss_that_never_stops_is_all_pulled_forward():
    found = values(job(), left=-1.0)
    assert found[value_measure(FLOW, 365, "left_behind")]["difference"] == 0


def test_what_has_not_run_off_is_said():
    asked = job(run_off=(365,))
    lasting = value_rows(
        asked, "base", [year(case, left=20.0, lasting=1.0) for case in value_cases(asked)]
    )
    assert [note.partition(":")[0] for note in run_off_notes(lasting)] == ["coupons"]
    fading = value_rows(asked, "base", [year(case) for case in value_cases(asked)])
    assert list(run_off_notes(fading)) == []


def test_each_year_is_followed_by_the_baseline_for_the_longest_run_off():
    for case in value_cases(job()):
        assert (case.after.name, case.run_off_days) == ("base", 365)
    plain = job(run_off=())
    assert all(case.run_off_days == 0 and case.after is None for case in value_cases(plain))
    assert value_rows(plain, "base", []) == []


def test_every_measure_of_value_is_called_something():
    for measure in values(job()):
        assert value_label(measure)
    assert value_label(value_measure(VALUED[0], 90, "whole")) == "Value +90 d"
    assert value_label("gmv_paid_fen") is None


def test_the_terminal_shows_the_terms_of_contribution_and_the_whole_of_gmv():
    rows = [{"measure": measure} for measure in values(job())]
    shown = {row["measure"] for row in shown_values(rows)}
    assert value_measure(FLOW, 90, "left_behind") in shown
    assert value_measure("gmv_paid_fen", 365, "whole") in shown
    assert value_measure("gmv_paid_fen", 365, "left_behind") not in shown
    assert value_measure(FLOW, 365, "last_30_days") not in shown

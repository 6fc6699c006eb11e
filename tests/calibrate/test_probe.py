"""Experiments in copies of a market: what differs between the arms, and what is read off them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.calibrate.measures import KNOWN
from engine.calibrate.probe import SHOWN_BY_DATE, probe_branches, within
from engine.calibrate.run_reader import RunReader, Span
from engine.case import RunResult
from engine.market.run import simulate
from engine.spec.calibration import Probes
from tests.kinds import KINDS, SEGMENTS_SHAPE
from tests.worlds import PLAIN, case

OWN = [*KINDS].index("domestic")
MARCH, APRIL = date(2020, 3, 2), date(2020, 4, 1)
PROBES = Probes(
    dates=(MARCH,), voucher_date=APRIL, rate=0.1, own_rate=0.2, coupon_days=7, after_days=3
)
COLUMNS = ("orders_count", "gmv_fen", "gmv_paid_fen", "subsidy_fen", "looks_count")


@pytest.fixture(scope="module")
def probed() -> RunResult:
    one = case("policy=h1_2020", days=110)
    return simulate(replace(one, branches=probe_branches(one, PROBES)))


def read(view: RunReader, key: str, day: date | None = None) -> float:
    if day is not None:
        return SHOWN_BY_DATE[key].read(view, (Span(day, day),))
    return KNOWN[key][0].read(view, ())


def test_experiments_leave_the_year_as_it_is(probed: RunResult) -> None:
    alone = simulate(case("policy=h1_2020", days=110))
    for name, column in alone.daily.items():
        assert (probed.daily[name] == column).all(), name
    assert not alone.branches


def test_the_arms_share_a_morning_and_differ_by_a_coupon(probed: RunResult) -> None:
    none, everything, own = (probed.branches[f"{MARCH} {arm}"] for arm in ("none", "all", "own"))
    assert [one.daily["gmv_fen"].size for one in (none, everything, own)] == [10, 10, 7]
    assert none.daily["subsidy_fen"].sum() == 0
    assert (everything.daily["subsidy_fen"][:7] > 0).all()
    assert everything.daily["subsidy_fen"][7:].sum() == 0
    paid = own.segments["subsidy_fen"]
    assert paid[:, OWN].sum() > 0
    assert np.delete(paid, OWN, axis=1).sum() == 0
    for arm in (everything, own):
        assert arm.daily["refused_coupons_count"].sum() == 0
        # Nobody has bought yet when the first slot's visits are drawn; the second's hardly differ.
        sessions = arm.daily["sessions_count"][0], none.daily["sessions_count"][0]
        assert sessions[0] == pytest.approx(sessions[1], rel=5e-3)


def test_without_a_coupon_a_copy_goes_on_as_its_market_does() -> None:
    one = case("policy=laissez_faire", days=70)
    year = simulate(replace(one, branches=probe_branches(one, PROBES)[:1]))
    (copy,) = year.branches.values()
    first = (MARCH - one.scenario.calendar.start).days
    went_on = simulate(replace(one, branches=()))
    assert (copy.daily["sessions_count"] > 0).all()
    # prices are held in the copy, which one day does not show
    assert copy.daily["orders_count"][0] == went_on.daily["orders_count"][first]


def test_in_a_plain_logit_the_elasticity_is_that_of_the_formula() -> None:
    """-alpha (1 - P), and P, the chance that a look ends in this kind's goods, is small."""
    plain = case(*PLAIN, "policy=laissez_faire", "scenario.choice.price=3", "scale=laptop", days=40)
    early = PROBES.model_copy(update={"dates": (date(2020, 1, 15),), "voucher_date": None})
    early = early.model_copy(update={"coupon_days": 14})
    year = simulate(replace(plain, branches=probe_branches(plain, early)))
    none = year.branches["2020-01-15 none"]
    assert none.daily["orders_count"].sum() / none.daily["looks_count"].sum() < 0.1
    view = RunReader(plain.scenario, year, early)
    assert read(view, "own_elasticity") == pytest.approx(-3.0, abs=0.3)
    # everything becomes cheaper against what is sold elsewhere
    assert read(view, "market_elasticity", date(2020, 1, 15)) == pytest.approx(-2.8, abs=0.3)


def arm(days: int, orders: float, paid_share: float) -> RunResult:
    """Orders of 100 fen a day, all of one kind, of which buyers pay a share in the first 7 days."""
    share = np.where(np.arange(days) < 7, paid_share, 1.0)
    daily = {name: np.full(days, 100.0 * orders) for name in COLUMNS}
    daily |= {"orders_count": np.full(days, orders), "looks_count": np.full(days, 1000.0)}
    daily |= {"gmv_paid_fen": 100 * orders * share, "subsidy_fen": 100 * orders * (1 - share)}
    segments = {name: np.zeros((days, *SEGMENTS_SHAPE)) for name in COLUMNS}
    for name, column in daily.items():
        segments[name][:, OWN, 0, 0, 0] = column
    return RunResult(labels={}, run={}, daily=daily, monthly={}, segments=segments)


def view_of(**arms: RunResult) -> RunReader:
    branches = {f"{day} {name}": one for day in (MARCH, APRIL) for name, one in arms.items()}
    year = RunResult(labels={}, run={}, daily={}, monthly={}, branches=branches)
    return RunReader(case(days=3).scenario, year, PROBES)


def test_readings_of_known_sales() -> None:
    view = view_of(none=arm(10, 10, 1), all=arm(10, 13, 0.9), own=arm(7, 10 * 0.8**-2.5, 0.8))
    assert read(view, "own_elasticity") == pytest.approx(-2.5)
    assert read(view, "coupon_orders_uplift") == pytest.approx(100 * (0.8**-2.5 - 1))
    assert read(view, "coupon_later_orders") == pytest.approx(30)
    coupons = 7 * 13 * 10
    assert read(view, "coupon_uplift_list", MARCH) == pytest.approx(7 * 300 / coupons)
    assert read(view, "coupon_uplift_paid", MARCH) == pytest.approx((7 * 300 - coupons) / coupons)
    after = (10 * 300 - coupons) / coupons
    assert read(view, "coupon_uplift_paid_after", MARCH) == pytest.approx(after)
    assert read(view, "voucher_spending") == pytest.approx(10 * 300 / coupons)
    assert read(view, "market_elasticity", MARCH) == pytest.approx(np.log(1.3) / np.log(0.9))


def test_where_nothing_is_sold_nothing_is_read() -> None:
    view = view_of(none=arm(10, 0, 1), all=arm(10, 0, 0.9), own=arm(7, 0, 0.8))
    for key in ("own_elasticity", "coupon_orders_uplift", "voucher_spending"):
        assert read(view, key) == 0.0


def test_experiments_outside_the_calendar_are_left_out() -> None:
    kept = within(PROBES, date(2020, 1, 1), date(2020, 3, 31))
    assert kept.market_dates == (MARCH,)
    assert kept.voucher_date is None
    assert within(PROBES, date(2020, 1, 1), date(2020, 3, 10)).market_dates == ()
    assert PROBES.days_count == 2 * 2 * 10 + 7

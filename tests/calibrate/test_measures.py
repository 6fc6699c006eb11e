"""What is read off a year, against sums by hand on a year of the engine."""

from datetime import date

import numpy as np
import pytest

from engine.calibrate.measures import KNOWN, _rank_exponent
from engine.calibrate.run_reader import RunReader, spans
from engine.market.run import simulate
from tests.kinds import ROLES
from tests.worlds import case

BRANDS = [kind.is_brand for kind in ROLES]
FANS = ("10-", "3-10", "1-3", "0.3-1", "0.1-0.3")


@pytest.fixture(scope="module")
def year():
    return simulate(case("policy=h1_2020"))


@pytest.fixture(scope="module")
def view(year) -> RunReader:
    return RunReader(case("policy=h1_2020").scenario, year)


def read(view: RunReader, key: str, period: str, reading: str = "") -> float:
    measure = next(one for one in KNOWN[key] if one.reading == reading)
    return measure.read(view, spans(period))


def days(year, name: str, *months: int) -> float:
    start = date(2020, 1, 1).toordinal()
    chosen = [date.fromordinal(start + k).month in months for k in range(366)]
    return float(year.daily[name][np.array(chosen)].sum())


def test_sales_and_their_growth(view: RunReader, year) -> None:
    gmv = days(year, "gmv_fen", 4, 5, 6)
    assert read(view, "gmv", "Q2 2020") == pytest.approx(gmv / 1e11)
    orders = [days(year, "orders_count", month) for month in (8, 1)]
    growth = read(view, "orders_growth", "Aug 2020 vs Jan 2020")
    assert growth == pytest.approx(100 * (orders[0] / orders[1] - 1))
    buyers = year.monthly["paying_buyers_count"]
    growth = read(view, "buyers_growth", "Aug 2020 vs Jan 2020")
    assert growth == pytest.approx(100 * (buyers[7] / buyers[0] - 1))
    value = gmv / days(year, "orders_count", 4, 5, 6) / 100
    assert read(view, "order_value", "Q2 2020") == pytest.approx(value)


def test_shares_of_sales(view: RunReader, year) -> None:
    take = days(year, "take_fen", 1, 2) - days(year, "refunded_take_fen", 1, 2)
    gmv = days(year, "gmv_fen", 1) + days(year, "gmv_fen", 2)
    early = KNOWN["take_share"][0].read(
        view, (spans("Jan 2020")[0]._replace(last=date(2020, 2, 29)),)
    )
    assert early == pytest.approx(100 * take / gmv)
    share = read(view, "commission_rate", "2020")
    assert share == pytest.approx(100 * year.run["commission_fen"] / year.run["gmv_fen"])
    assert read(view, "horizon_return_rate", "2020") == pytest.approx(
        100 * year.run["return_share"]
    )
    private = 100 * year.run["private_repeat_share"]
    assert read(view, "private_repeat_share", "2021") == pytest.approx(private)


def test_both_readings_of_the_repeat_rate(view: RunReader, year) -> None:
    twice, again = (year.monthly[f"repeat_{name}_share"] for name in ("twice", "next"))
    found = read(view, "repeat_rate", "H1 2020", "twice")
    assert found == pytest.approx(100 * twice[:6].mean())
    found = read(view, "repeat_rate", "H1 2020", "next")
    assert found == pytest.approx(100 * again[1:7].mean())
    found = read(view, "repeat_rate", "2020", "next")  # nobody knows of January 2021
    assert found == pytest.approx(100 * again[1:].mean())


def test_the_largest_anchors(view: RunReader, year) -> None:
    may = year.monthly["top25_share"][4]
    assert read(view, "top_share(25)", "May 2020") == pytest.approx(100 * may)
    day = (date(2020, 6, 14) - date(2020, 1, 1)).days
    stream = year.daily["top1_share"][day] * year.daily["expected_gmv_paid_fen"][day] / 1e11
    assert read(view, "stream_sales(largest)", "14 Jun 2020") == pytest.approx(stream)
    partner = year.segments["gmv_fen"][168 - 1, BRANDS]
    found = read(view, "brand_sales", "16 Jun 2020")
    assert found == pytest.approx(partner.sum() / 1e11)
    brands = year.segments["gmv_fen"][121 : 121 + 123, BRANDS].sum()  # May to August
    found = read(view, "brand_share", "mid 2020")
    assert found == pytest.approx(100 * brands / days(year, "gmv_fen", 5, 6, 7, 8))


def test_the_guest_of_10_may_and_no_other_day(view: RunReader, year) -> None:
    sold = year.anchors["expected_gmv_fen"][-1] / 1e11
    assert sold > 0
    assert read(view, "stream_sales(guests)", "10 May 2020") == pytest.approx(sold)
    assert read(view, "stream_sales(guests)", "11 May 2020") == 0


def test_followers_are_lognormal(view: RunReader) -> None:
    classes = [f"fans_share({name})" for name in FANS]
    shares = [read(view, name, "2020") for name in classes]
    assert sum(shares) == pytest.approx(100)
    assert shares == pytest.approx([0.38, 2.51, 10.88, 31.63, 54.6], rel=0.07)
    assert read(view, "fans_log_sd", "2020") == 1.7


@pytest.mark.parametrize("exponent", [0.2, 0.45, 1.0, 1.6])
def test_the_exponent_of_a_rank_size_law_is_found(exponent: float) -> None:
    sizes = np.arange(1, 101.0) ** -exponent
    top10, top100 = sizes[:10].sum(), sizes.sum()
    assert _rank_exponent(0.3 * top10, 0.3 * top100) == pytest.approx(exponent, abs=1e-9)

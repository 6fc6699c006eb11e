"""The status quo against what was published, and every number's source."""

import csv
import re
from datetime import date, timedelta

import numpy as np
import pytest

from engine.run import simulate_year
from tests.worlds import CONF, case

WITHIN = 0.20


def observed(key: str, period: str) -> float:
    """One published figure."""
    with (CONF / "observed" / "kuaishou_2020.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (r["key"], r["period"]) == (key, period)]
    assert len(rows) == 1, (key, period)
    return float(rows[0]["value"])


@pytest.fixture(scope="module")
def status_quo():
    return simulate_year(case("policy=h1_2020", "scale=laptop"))


def monthly(year, name: str, *months: int) -> float:
    days = year.daily[name]
    start = date(2020, 1, 1)
    chosen = [(start + timedelta(days=d)).month in months for d in range(days.size)]
    return float(days[np.array(chosen)].sum())


def test_quarterly_gmv(status_quo):
    first = monthly(status_quo, "gmv_fen", 1, 2, 3) / 1e11
    second = monthly(status_quo, "gmv_fen", 4, 5, 6) / 1e11
    assert first == pytest.approx(observed("ks_ecom_gmv", "Q1 2020"), rel=WITHIN)
    assert second == pytest.approx(observed("ks_ecom_gmv", "Q2 2020"), rel=WITHIN)


def test_order_value(status_quo):
    value = status_quo.run["aov_fen"] / 100
    assert value == pytest.approx(observed("ks_aov", "late 2020"), rel=WITHIN)


def test_growth_of_orders_and_buyers_from_january_to_august(status_quo):
    orders = monthly(status_quo, "orders_count", 8) / monthly(status_quo, "orders_count", 1)
    buyers = status_quo.monthly["paying_buyers_count"]
    growth = observed("ks_orders_growth", "Aug 2020 vs Jan 2020")
    assert orders == pytest.approx(1 + growth / 100, rel=WITHIN)
    growth = observed("ks_buyers_growth", "Aug 2020 vs Jan 2020")
    assert buyers[7] / buyers[0] == pytest.approx(1 + growth / 100, rel=WITHIN)


def test_concentration_in_may(status_quo):
    share = status_quo.monthly["top100_share"][4]
    assert share == pytest.approx(observed("ks_top100_share_of_gmv", "May 2020") / 100, rel=WITHIN)


def numbers_with_comments() -> list[tuple[int, str, str]]:
    """(line number, line, comment) of every line of the scenario that holds a number or date."""
    lines = (CONF / "scenario" / "kuaishou_2020.yaml").read_text(encoding="utf-8").splitlines()
    found = []
    comment_above = ""
    group = ""
    for number, line in enumerate(lines, 1):
        code, _, comment = line.partition("#")
        if not code.strip():
            comment_above = comment
            continue
        if re.search(r":\s*$", code):  # a group: its comment covers its members
            group = comment
        elif re.search(r":\s*\[?-?\d", code) and "name:" not in code:
            indent = len(code) - len(code.lstrip())
            found.append((number, code, comment or comment_above or (group if indent else "")))
        comment_above = ""
    return found


def test_every_number_of_the_scenario_names_its_unit_and_its_source():
    with (CONF / "observed" / "kuaishou_2020.csv").open(encoding="utf-8") as file:
        keys = {row["key"] for row in csv.DictReader(file)}
    checked = numbers_with_comments()
    assert len(checked) > 150
    for number, code, comment in checked:
        unit, bar, source = comment.partition("|")
        where = f"line {number}: {code.strip()}"
        assert bar, f"{where}: no source"
        assert unit.strip(), f"{where}: no unit"
        assert re.search(r"assumption|observed: |seasonality|article", source), where
        for key in re.findall(r"observed: (\w+)", source):
            assert key in keys, f"{where}: {key} is not among the observed figures"

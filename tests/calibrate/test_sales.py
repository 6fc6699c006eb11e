"""Own sales by day or by month are observed figures of months."""

from datetime import date, timedelta

import pytest

from engine.calibrate.observed import read_figures
from engine.errors import InputError
from engine.spec.accuracy import Tolerance

TOLERANCE = Tolerance(high=0.02, medium=0.05, low=0.1)


def read(place, text):
    (place / "mine.csv").write_text(text, encoding="utf-8")
    return read_figures(str(place / "mine.csv"), TOLERANCE)


def daily(first: date, days: int) -> str:
    rows = [f"{first + timedelta(days=k)},{10**11 + k},{1000 + k}" for k in range(days)]
    return "\n".join(["date,gmv_fen,orders_count", *rows])


def test_days_are_added_up_to_whole_months(tmp_path):
    figures = read(tmp_path, daily(date(2020, 2, 1), 29 + 10))  # ten days of March are too few
    assert [(f.key, f.period, f.unit) for f in figures] == [
        ("gmv_fen", "2020-02", "bn RMB"),
        ("orders_count", "2020-02", "million"),
    ]
    assert figures[0].value == (29 * 10**11 + sum(range(29))) / 10**11
    assert figures[1].value == (29 * 1000 + sum(range(29))) / 1e6


def test_months_stand_as_they_are(tmp_path):
    figures = read(tmp_path, "date,gmv_paid_fen\n2020-01,1500000000000\n2020-02,900000000000\n")
    assert [(f.period, f.value, f.role) for f in figures] == [
        ("2020-01", 15.0, "fit"),
        ("2020-02", 9.0, "fit"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,gmv\n2020-01,1\n", "column gmv: got 'gmv'"),
        ("date,gmv_fen\n2020-01,-1\n", "row 1, column gmv_fen: got '-1'"),
        ("date,gmv_fen\n2020-01,0.5\n", "row 1, column gmv_fen: got '0.5'"),
        ("date,gmv_fen\n2020-01,1\n2020-01,2\n", "row 2, column date: got '2020-01'"),
        ("date,gmv_fen\n2020-01,1\n2020-01-03,2\n", "row 2, column date: got '2020-01-03'"),
        ("date,gmv_fen\n01/02/20,1\n", "row 1, column date: got '01/02/20'"),
        ("date,gmv_fen\n2020-01-03,2\n", "has no month of which every day is told"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)

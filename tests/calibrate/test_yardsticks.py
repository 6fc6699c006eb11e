"""What anybody could have said of a quarter: sums by hand."""

from pathlib import Path

import pytest

from engine.calibrate import read_seasons, with_yardsticks
from engine.errors import InputError
from tests.worlds import CONF

EVEN = (1 / 12,) * 12


def row(period: str, observed: float | None, role: str, key: str = "gmv") -> dict:
    return {"key": key, "period": period, "observed": observed, "role": role, "simulated": 1.0}


def said(*rows: dict, seasons=EVEN) -> dict[str, tuple]:
    return {
        one["period"]: (one["by_line"], one["as_last"]) for one in with_yardsticks(rows, seasons)
    }


def test_a_line_goes_on_through_the_first_two_quarters_that_the_fit_saw() -> None:
    found = said(
        row("Q1 2020", 40.0, "fit"), row("Q2 2020", 70.0, "fit"), row("H1 2020", 110.0, "fit"),
        row("Q3 2020", 94.5, "check"), row("Q4 2020", None, "forecast"),
        row("Q3 2021", 1.0, "fit", "order_value"),
    )  # fmt: skip
    assert found["Q1 2020"] == found["Q2 2020"] == found["H1 2020"] == (None, None)
    assert found["Q3 2020"] == (pytest.approx(100.0), 70.0)
    assert found["Q4 2020"] == (pytest.approx(130.0), 70.0)  # a check row is seen by nobody
    assert found["Q3 2021"] == (None, None)


def test_seasons_are_taken_off_and_put_back() -> None:
    seasons = (0.05,) * 3 + (0.1,) * 3 + (0.05,) * 3 + (0.4 / 3,) * 3
    found = said(
        row("Q1 2020", 30.0, "fit"), row("Q2 2020", 80.0, "fit"), row("Q4 2020", None, "forecast"),
        seasons=seasons,
    )  # fmt: skip
    levels = 30 / 0.6, 80 / 1.2
    assert found["Q4 2020"][0] == pytest.approx((levels[1] + 2 * (levels[1] - levels[0])) * 1.6)


def test_one_quarter_is_no_line() -> None:
    assert said(row("Q1 2020", 40.0, "fit"), row("Q3 2020", 1.0, "check"))["Q3 2020"] == (None,) * 2


def test_the_seasons_of_the_whole_market_are_read() -> None:
    seasons = read_seasons(str(CONF / "observed" / "seasonality_2019.csv"))
    assert sum(seasons) == pytest.approx(1.0)
    assert seasons[0] == seasons[1] == pytest.approx(0.1315 / 2)
    assert seasons[10] == pytest.approx(0.119)


@pytest.mark.parametrize(("text", "words"), [
    ("month,share\n1,2\n", "cannot be read"),
    ("month,share_of_year_percent\n1-11,90\n", "holds the months"),
    ("month,share_of_year_percent\n1,x\n", "cannot be read"),
])  # fmt: skip
def test_other_seasons_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_seasons(str(tmp_path / "mine.csv"))
    with pytest.raises(InputError, match="there is no such file"):
        read_seasons(str(tmp_path / "nowhere.csv"))

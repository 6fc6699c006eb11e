"""A user's table of figures: what is read, and what is refused with its row and column."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.calibrate.observed import read_figures
from engine.calibrate.run_reader import spans
from engine.calibrate.targets import match_figures
from engine.errors import InputError
from engine.spec.accuracy import Tolerance
from engine.spec.calibration import Probes
from tests.calibrate.market import job
from tests.worlds import CONF

TOLERANCE = Tolerance(high=0.1, medium=0.2, low=0.4)
HEAD = "key,period,value,unit,role,confidence,tolerance\n"
GOOD = "gmv,Q1 2020,37.1,bn RMB,fit,high,\n"


def read(place: Path, *lines: str, head: str = HEAD):
    (place / "mine.csv").write_text(head + "".join(lines), encoding="utf-8")
    return read_figures(str(place / "mine.csv"), TOLERANCE)


def test_the_published_table_is_read_and_every_row_is_modelled_or_listed() -> None:
    figures = read_figures(str(CONF / "observed" / "kuaishou_2020.csv"), TOLERANCE)
    probes = Probes(
        dates=(date(2020, 5, 15),), voucher_date=date(2020, 3, 27),
        rate=0.1, own_rate=0.1, coupon_days=7, after_days=7,
    )  # fmt: skip
    targets, unmodelled = match_figures(figures, job().scenario.calendar, job().fit, probes)
    rows = {figure.row for figure in figures}
    assert len(rows) == 69
    told = {(target.key, target.period) for target in targets} | {
        (figure.key, figure.period) for figure, _ in unmodelled
    }
    assert told >= {(figure.key, figure.period) for figure in figures}
    assert {target.key for target in targets} >= {
        "gmv", "orders_growth", "buyers_growth", "order_value", "repeat_rate",
        "take_share", "daily_users", "tier12_share", "fans_log_sd",
        "top_share(1)", "top_share(10)", "top_share(25)",
        "top_share(100)", "stream_sales(guests)", "return_rate", "commission_rate",
        "own_elasticity", "private_repeat_share", "coupon_orders_uplift",
        "coupon_later_orders", "voucher_spending", "brand_share",
    }  # fmt: skip
    checks = {(one.key, one.period) for one in targets if one.role == "check"}
    assert len(checks) == sum(figure.role == "check" for figure in figures)


def test_tolerance_comes_from_the_column_the_confidence_or_the_width_of_a_range(
    tmp_path: Path,
) -> None:
    figures = read(
        tmp_path,
        "a,2020,50,%,fit,high,\n",
        "b,2020,50,%,fit,high,3\n",
        "c,2020,30-50,%,fit,low,\n",
        "d,2020,10-40,%,fit,medium,\n",
        "e,2020,-2.62,,fit,high,\n",
    )
    assert [figure.value for figure in figures] == [50, 50, 40, 25, -2.62]
    assert [figure.tolerance for figure in figures] == pytest.approx([5, 3, 16, 15, 0.262])


def test_a_tolerance_is_three_standard_deviations(tmp_path: Path) -> None:
    targets, _ = match_figures(read(tmp_path, GOOD), job().scenario.calendar, job().fit)
    assert targets[0].sd == pytest.approx(3.71 / 3)


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    columns = {
        "key": ["gmv"], "period": ["Q1 2020"], "value": [37.1], "unit": ["bn RMB"],
        "role": ["fit"], "tolerance": [None], "confidence": ["high"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "mine.parquet")
    found = read_figures(str(tmp_path / "mine.parquet"), TOLERANCE)
    address = str(tmp_path / "mine.csv")
    assert [one._replace(address=address) for one in found] == read(tmp_path, GOOD)


@pytest.mark.parametrize(("line", "where", "said"), [
    ("order_value,Q1 2020,70,RMB,fitted,high,\n", "row 2, column role", "'fitted'"),
    ("order_value,Q1 2020,70,RMB,fit,sure,\n", "row 2, column confidence", "'sure'"),
    ("order_value,Q1 2020,70,RMB,fit,,-1\n", "row 2, column tolerance", "'-1'"),
    ("order_value,Q1 2020,0,RMB,fit,high,\n", "row 2, column value", "is 0"),
    ("order_value,Q1 2020,,RMB,fit,high,\n", "row 2, column value", "is empty"),
    (",Q1 2020,70,RMB,fit,high,\n", "row 2, column key", "is empty"),
    (GOOD.replace("fit", "check"), "row 2, column key", "stands in row 1 already"),
])  # fmt: skip
def test_a_wrong_cell_is_named_by_row_and_column(tmp_path, line, where, said) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, GOOD, line)
    assert where in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(("line", "where", "said"), [
    ("order_value,Q1 2020,x,RMB,fit,high,\n",
     "mine.csv, row 2 (order_value), column value", "'x' is no number"),
    ("order_value,Q1 2020,70,USD,fit,high,\n", "row 2 (order_value), column unit", "'USD'"),
    ("order_value,Q5 2020,70,RMB,fit,high,\n", "row 2 (order_value), column period", "'Q5 2020'"),
    ("order_value,soon,70,RMB,fit,high,\n", "row 2 (order_value), column period", "names no year"),
    ("order_value,31 Jun 2020,70,RMB,fit,high,\n", "row 2 (order_value), column period", "day"),
    ("orders_growth,Aug 2020,70,%,fit,high,\n", "column period", "Aug 2020 vs Jan 2020"),
    ("gmw,H1 2020,109,bn RMB,fit,high,\n", "row 2 (gmw), column key", "did you mean gmv?"),
    ("gmv_payed_fen@2020-H1,,109,bn RMB,check,high,\n", "row 2", "did you mean gmv_paid_fen?"),
    ("xyz,H1 2020,109,bn RMB,fit,high,\n", "row 2 (xyz)", "write unmodelled for its role fit"),
])  # fmt: skip
def test_a_known_key_must_fit_what_is_read_for_it(tmp_path, line, where, said) -> None:
    with pytest.raises(InputError) as refused:
        match_figures(read(tmp_path, GOOD, line), job().scenario.calendar, job().fit)
    assert where in str(refused.value)
    assert said in str(refused.value)


def test_a_row_that_is_unmodelled_by_its_role_is_kept_and_not_used(tmp_path: Path) -> None:
    lines = ("jack_ma_retires,Sep 2019,1,event,unmodelled,high,\n",
             "order_value,Q1 2020,x,USD,unmodelled,high,\n")  # fmt: skip
    targets, unmodelled = match_figures(
        read(tmp_path, GOOD, *lines), job().scenario.calendar, job().fit
    )
    assert "order_value" not in {target.key for target in targets}
    assert [(figure.key, why) for figure, why in unmodelled] == [
        ("jack_ma_retires", "the model has no such measure"),
        ("order_value", "left out by its role"),
    ]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, "a,2020,1,%,fot,high,\n", "b,2020,1,%,fit,hi,\n")
    assert "row 1, column role" in str(refused.value)
    assert "row 2, column confidence" in str(refused.value)


@pytest.mark.parametrize(("content", "said"), [
    ("key,period,value,unit\n", "lacks the columns role, tolerance (or confidence)"),
    (HEAD, "has no rows"),
    (None, "there is no such file"),
])  # fmt: skip
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content, said) -> None:
    if content is not None:
        (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(InputError) as refused:
        read_figures(str(tmp_path / "mine.csv"), TOLERANCE)
    assert said in str(refused.value)


def test_no_parquet_under_its_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_text("text")
    with pytest.raises(InputError, match="is no Parquet table"):
        read_figures(str(tmp_path / "mine.parquet"), TOLERANCE)


def test_a_parquet_table_with_a_damaged_footer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_bytes(b"PAR1" + b"\xff" * 8 + b"\x08\0\0\0PAR1")
    with pytest.raises(InputError, match="is no Parquet table"):
        read_figures(str(tmp_path / "mine.parquet"), TOLERANCE)


def test_a_table_without_anything_to_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row with role fit is modelled"):
        match_figures(
            read(tmp_path, GOOD.replace("fit", "check")), job().scenario.calendar, job().fit
        )


def test_a_figure_outside_the_calendar_is_not_modelled(tmp_path: Path) -> None:
    figures = read(tmp_path, GOOD, GOOD.replace("Q1 2020", "H1 2019"))
    _, ((figure, why),) = match_figures(figures, job().scenario.calendar, job().fit)
    assert figure.period == "H1 2019"
    assert why == "outside the calendar, 2020-01-01 to 2020-12-31"


def test_the_reading_of_a_repeat_rate_is_a_switch(tmp_path: Path) -> None:
    figures = read(tmp_path, "repeat_rate,H1 2020,60,%,fit,high,\n")
    for chosen, other in (("twice", "next"), ("next", "twice")):
        fit = job(f"fit.repeat_reading={chosen}").fit
        targets, _ = match_figures(figures, job().scenario.calendar, fit)
        roles = {one.measure.reading: one.role for one in targets if one.role != "forecast"}
        assert roles == {chosen: "fit", other: "shown"}


@pytest.mark.parametrize(("text", "first", "last"), [
    ("2020", date(2020, 1, 1), date(2020, 12, 31)),
    ("H1 2020", date(2020, 1, 1), date(2020, 6, 30)),
    ("Q2 2020", date(2020, 4, 1), date(2020, 6, 30)),
    ("9M 2020", date(2020, 1, 1), date(2020, 9, 30)),
    ("May 2020", date(2020, 5, 1), date(2020, 5, 31)),
    ("February 2020", date(2020, 2, 1), date(2020, 2, 29)),
    ("10 May 2020 Kuaishou", date(2020, 5, 10), date(2020, 5, 10)),
    ("mid 2020", date(2020, 5, 1), date(2020, 8, 31)),
    ("late 2020", date(2020, 10, 1), date(2020, 12, 31)),
])  # fmt: skip
def test_a_period_is_read_as_people_write_it(text: str, first: date, last: date) -> None:
    assert spans(text) == ((first, last),)


def test_two_periods_are_compared() -> None:
    now, before = spans("Aug 2020 vs Jan 2020")
    assert (now.first.month, before.first.month) == (8, 1)


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("key;period;value;unit;role;confidence\n", "gmv;2020-03;13.2;bn RMB;fit;high\n"),
        ("key\tperiod\tvalue\tunit\trole\tconfidence\n",
         "gmv\t2020-03\t13.2\tbn RMB\tfit\thigh\n"),
    ],
)  # fmt: skip
def test_other_separators_and_months_in_figures_are_read(
    tmp_path: Path, head: str, line: str
) -> None:
    figures = read(tmp_path, line, head=head)
    (target, *_), _ = match_figures(figures, job().scenario.calendar, job().fit)
    assert target.observed == 13.2
    assert target.days == spans("Mar 2020")


def test_dates_are_read_as_they_are_written_elsewhere() -> None:
    assert spans("2020-05-10 Kuaishou") == spans("10 May 2020")
    assert spans("2020-08 vs 2020-01") == spans("Aug 2020 vs Jan 2020")
    with pytest.raises(ValueError, match="is no date"):
        spans("2020-13")


def test_a_bound_says_only_on_which_side_a_figure_lies(tmp_path: Path) -> None:
    lines = ("a,2020,<35,%,fit,low,\n", "b,2020,> 0,%,fit,low,3\n", "c,2020,35,%,fit,low,\n")
    figures = read(tmp_path, *lines)
    assert [(one.value, one.bound) for one in figures] == [(35, -1), (0, 1), (35, 0)]
    assert [one.tolerance for one in figures] == [14, 3, 14]

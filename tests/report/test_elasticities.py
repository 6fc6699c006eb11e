"""A policy's elasticities by month, of a good, a kind and the market: on the page and printed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from engine.report import read_study
from engine.report.findings.elasticities import elasticities_by_month
from engine.report.html.analyses import _elasticities
from engine.report.terminal.policies import print_elasticities
from tests.report.studies import compare_folder

MONTHLY = pa.table(
    {
        "policy": ["plain", "plain", "plain", "coupons"],
        "month": [date(2020, 2, 1), date(2020, 1, 1), date(2020, 1, 1), date(2020, 1, 1)],
        "own_elasticity": [-3.0, -3.25, -3.75, -2.5],
        "kind_elasticity": [-2.0, -2.25, -2.75, -1.5],
        "market_elasticity": [-1.0, -1.25, -1.75, -0.5],
    }
)
"""Two runs of a policy in January and one in February; one run of another."""
FIRST = ("2020-01", (-3.5, -2.5, -1.5))


def test_they_are_means_over_a_policys_runs_in_the_order_of_months() -> None:
    plain, coupons = elasticities_by_month(MONTHLY)
    assert plain.policy == "plain"
    assert plain.months == [FIRST, ("2020-02", (-3.0, -2.0, -1.0))]
    assert coupons.months == [("2020-01", (-2.5, -1.5, -0.5))]


def test_without_them_nothing_is_said() -> None:
    assert elasticities_by_month(None) == []
    assert elasticities_by_month(MONTHLY.drop_columns(["kind_elasticity"])) == []


def test_compare_prints_a_line_a_month() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        print_elasticities(MONTHLY.slice(1), console)  # January's alone, of both
    (january,) = (line for line in captured.get().splitlines() if line.startswith("2020-01"))
    found = [float(word.replace("\u2212", "-")) for word in january.split()[1:]]
    assert found == [*FIRST[1], -2.5, -1.5, -0.5]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_months_and_figures_are_whole_however_many_policies_there_are(
    width: int, count: int
) -> None:
    names = [f"a_policy_of_a_name_{k}" for k in range(count)]
    january = MONTHLY.slice(2, 1).drop_columns(["policy"])
    tables = [january.append_column("policy", pa.array([name])) for name in names]
    console = Console(width=width)
    with console.capture() as captured:
        print_elasticities(pa.concat_tables(tables), console)
    text = captured.get()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert [name for name in text.split() if name in names] == names
    rows = [line.split() for line in text.splitlines() if "\u22123.75" in line]
    assert {row[0] for row in rows} == {"2020-01"}
    assert sum(len(row) - 1 for row in rows) == 3 * count
    assert len(rows) == -(-count // (3 if width == 80 else 4))
    assert text.count("Elasticities by month") == 1


def test_the_page_of_a_comparison_has_a_row_a_month(tmp_path: Path) -> None:
    study = replace(read_study(compare_folder(tmp_path)), monthly=MONTHLY)
    found = _elasticities(study)
    assert found is not None
    rows = [[cell.text for cell in row.cells] for row in found.tables[0].rows]
    assert [row[0] for row in rows] == ["plain", "2020-01", "2020-02", "coupons", "2020-01"]
    assert tuple(float(cell.replace("\u2212", "-")) for cell in rows[1][1:]) == FIRST[1]

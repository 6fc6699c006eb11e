"""The table of levers tells what changes over the year, and when."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.report import read_study
from engine.report.html.levers import lever_table
from engine.report.read.results_model import StudyResults
from tests.report.studies import optimize_folder

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(optimize_folder(tmp_path_factory.mktemp("optimize")))


def cells(study: StudyResults, name: str, policy: str, given: Any, **levers: float) -> str:
    """Return one cell as text, where the config holds `given` for the policy."""
    config = study.config | {"baselines": {policy: given}, "policy": given}
    line = next(line for line in study.lines if line.policy == policy)
    line = replace(line, levers={key.replace("__", "."): v for key, v in levers.items()})
    other = replace(line, policy="other", levers={name: 0.5})
    table = lever_table(replace(study, config=config), [line, other])
    assert table is not None
    return str(dict(table["rows"])[name][0]).replace(SPACE, " ")


@pytest.mark.parametrize(
    ("dated", "shown"),
    [
        ({"2020-01-01": 0.02, "2020-06-01": 0.06}, "0.02 → 0.06 (1 Jun)"),
        (
            {"2020-06-01": 0.06, "2020-01-01": 0.02, "2020-11-11": 0.1},
            "0.02 → 0.06 (1 Jun) → 0.1 (11 Nov)",
        ),
        ({"2019-01-01": 0.3, "2019-06-01": 0.02, "2021-02-03": 0.1}, "0.02 → 0.1 (3 Feb 2021)"),
        ({"2020-01-01": 0.02, "2020-06-01": 0.02}, "0.02"),
        ({"2020-03-01": 0.4}, "0.4"),
        (None, "–"),
    ],
)
def test_a_dated_value_is_shown_with_its_dates(study: StudyResults, dated: Any, shown: str) -> None:
    given = {"subsidy": {"rate": {"source": dated}}}
    found = cells(study, "subsidy.rate.source", "h1_2020", given, subsidy__cap_rmb=30.0)
    assert found == shown


def test_revisions_of_the_target_are_shown(study: StudyResults) -> None:
    given = {"target": {"revisions": [{"day": "2020-06-01", "year_end_bn_rmb": 250}]}}
    name = "target.year_end_bn_rmb"
    found = cells(study, name, "h1_2020", given, target__year_end_bn_rmb=100.0)
    assert found == "100 → 250 (1 Jun)"
    found = cells(study, name, "trial_012", given, target__year_end_bn_rmb=300.0)
    assert found == "300 → 250 (1 Jun)"


def test_the_targets_shape_is_one_row_with_its_quarters(study: StudyResults) -> None:
    knots = {f"target.knots.{k:02}": k / 12 for k in range(1, 13)}
    lines = [replace(line, levers=knots | {"price.cap": 0.9}) for line in study.lines]
    table = lever_table(study, lines)
    assert table is not None
    assert [name for name, _ in table["rows"]] == ["target.knots", "price.cap"]
    cell = str(table["rows"][0][1][0])
    assert "25 50 75%" in cell
    assert "<polyline" in cell


def test_a_policy_without_a_target_has_no_shape(study: StudyResults) -> None:
    levers = {"target.knots.01": 0.5, "target.knots.02": 1.0, "target.year_end_bn_rmb": 0.0}
    table = lever_table(study, [replace(study.lines[0], levers=levers)])
    assert table is not None
    assert dict(table["rows"])["target.knots"] == ["–"]


def test_a_study_without_levers_has_no_table(study: StudyResults, tmp_path: Path) -> None:
    assert lever_table(study, [replace(line, levers={}) for line in study.lines]) is None

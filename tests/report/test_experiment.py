"""The page of a named experiment: its question, and what became of each of its claims."""

from pathlib import Path
from typing import Any

import pytest

from engine.compare import paired
from engine.report import build_report, read_study
from engine.report.findings.options import decision_told
from engine.report.html.answer import lead_sentences
from engine.report.terms.translate import Terms
from engine.results import Results
from tests.report.studies import BASELINES, CONFIG, simulate
from tests.report.test_page import Page, plain

QUESTION = "Who keeps the subsidy?"


def experiment_folder(folder: Path) -> Path:
    """Leave what `compare` leaves of an experiment."""
    years = simulate(BASELINES)
    asked = {"question": QUESTION, "look_at": "brand share of the three"}
    results = Results(folder, CONFIG | {"experiment": asked}, 7)
    results.write_runs(years, daily=False)
    results.write_rows("comparison", paired(years, "laissez_faire", ["gmv_paid_fen"]))
    results.write_rows("claims", _claims())
    results.finish()
    return folder


def _claims() -> list[dict[str, Any]]:
    row = {"expect": "above", "within": None, "units_count": 4}
    return [
        row
        | {"claim": "brands", "says": "the plan moves sales to brands", "verdict": "holds"}
        | {"measure": "brand_share", "value": 0.038, "ci_low": 0.006, "ci_high": 0.071},
        row
        | {"claim": "sellers", "says": "sellers gain <too>", "verdict": "does not hold"}
        | {"measure": "supplier_income_fen", "value": -5e11, "ci_low": None, "ci_high": None},
    ]


def test_the_question_and_every_verdict_stand_on_the_first_screen(tmp_path: Path) -> None:
    page = Page(build_report(experiment_folder(tmp_path)).read_text(encoding="utf-8"))
    said = plain(page.text)
    first = said[: said.index("More of the answer")]
    assert first.count(QUESTION) == 2  # the window's title and the heading
    assert "The plan moves sales to brands: holds (brand share +3.8 pp, 95 % +0.6 to +7.1)" in first
    assert "Sellers gain <too>: does not hold (sellers' income −5.00 bn RMB, one" in first
    assert "Look at: brand share of the three." in said


def test_its_one_number_is_that_of_its_first_claim(tmp_path: Path) -> None:
    one = decision_told(read_study(experiment_folder(tmp_path))).headline
    assert one is not None
    assert (one.value, one.span) == ("+3.8 pp", "95 %: +0.6 pp to +7.1 pp")
    assert one.says == "brand share: the plan moves sales to brands"


@pytest.mark.parametrize("place", [0, 1])
def test_verdicts_are_said_in_the_page_s_language(tmp_path: Path, place: int) -> None:
    lead, _ = lead_sentences(read_study(experiment_folder(tmp_path)))
    assert ("成立", "不成立")[place] in Terms("zh").softly(lead[place])

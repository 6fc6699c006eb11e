"""What a person reads of a calibration: page, terminal, model card."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from engine.calibrate.driver import Outcome
from engine.report import build_report
from engine.report.calibrated import fit_sentences, number, print_calibration
from engine.report.card import write_card
from engine.report.fitted import read_fit
from engine.results import Results, provenance_of, read_table
from engine.spec.calibration import CalibrateJob
from tests.calibrate.market import TREE, calibrated, job, table


def left(place: Path, told: CalibrateJob, outcome: Outcome) -> Path:
    config = json.loads(told.model_dump_json())
    config["unknowns"]["ranges"] = TREE  # as a user writes it
    config["policy"], config["scenario"]["calendar"] = {"name": "h1_2020"}, {}
    results = Results(place, config, told.seed)
    results.write_rows("calibration", outcome.rows)
    results.finish()
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told, place = job(), tmp_path_factory.mktemp("calibrate")
    extra = ["fit,jack_ma_retires,Sep 2019,1,event,high", "fit,ks_share_tier1_2,2020,90,%,high"]
    figures = table(place, told, extra, ks_ecom_gmv_Q3=3.0)
    return left(place / "out", told, calibrated(told, figures, place))


def test_the_page_shows_hits_and_misses_the_forecast_and_the_unknowns(folder: Path) -> None:
    page = build_report(folder).read_text(encoding="utf-8")
    for part in (
        "How well kuaishou_2020 fits what was observed",
        "Every figure, and what was simulated for it",
        "Which unknowns the figures pin down",
        "Model card",
        "Figures that the model does not show",
        "the model has no such measure",
        "Forecast of ks_ecom_gmv, Q4 2020",
        "missed*",
        "GMV at list price / orders",
        "learning.<wbr>habit_<wbr>gain",
    ):
        assert part in page, part
    assert "What the words mean" not in page
    assert "What the year brings" not in page


def test_the_sentences_tell_what_was_missed(folder: Path) -> None:
    found = read_fit(
        read_table(folder, "calibration").to_pylist(),
        provenance_of(read_table(folder, "calibration"))["config"],
    )
    plausible, hits, checks, forecast, unknowns = fit_sentences(found)
    assert "72 points of the unknowns were simulated." in plausible
    assert "are plausible: none of the 5 figures" in plausible
    assert "within the tolerance of 5 of 6 figures with role fit; missed: ks_share_tier1_2" in hits
    assert "Of 1 figures that it was never shown it hits 0; missed: ks_ecom_gmv, Q3" in checks
    q4 = next(one for one in found.figures if one.role == "forecast")
    assert q4.low < q4.simulated < q4.high
    assert f"between {number(q4.low)} and {number(q4.high)}" in forecast
    assert "Hardly at all: learning.habit_gain" in unknowns


def test_without_a_plausible_point_the_page_says_so(tmp_path: Path) -> None:
    told = job("fit.waves_count=2")
    figures = table(tmp_path, told, ks_ecom_gmv_Q1=3.0)
    folder = left(tmp_path / "out", told, calibrated(told, figures, tmp_path))
    page = build_report(folder).read_text(encoding="utf-8")
    assert "None is plausible: the best misses its worst figure by" in page
    assert "The 4 that miss least stand in" in page


@pytest.mark.parametrize("width", [80, 140])
def test_the_terminal_shows_every_figure(folder: Path, width: int) -> None:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    rows = read_table(folder, "calibration").to_pylist()
    config = provenance_of(read_table(folder, "calibration"))["config"]
    print_calibration(rows, config, console)
    text = console.export_text()
    for part in ("Fitted", "Scored, never fitted", "Forecast", "ks_aov", "Not modelled: jack_ma"):
        assert part in text
    assert ("80 % of" in text.splitlines()[2]) == (width > 118)


def test_the_model_card_says_how_wrong_the_check_rows_were(folder: Path) -> None:
    write_card(folder)
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: kuaishou_2020, calibrated\n")
    (line,) = (line for line in card.splitlines() if line.startswith("| ks_ecom_gmv, Q3 2020"))
    _, _, observed, simulated, off, verdict, _ = (cell.strip() for cell in line.split("|"))
    miss = 100 * (float(simulated.split()[0]) / float(observed) - 1)
    assert float(off.removesuffix(" %")) == pytest.approx(miss, abs=1)
    assert miss < -60  # the row was told three times what the market sells
    assert verdict == "missed"
    assert "## What they may not be used for" in card


@pytest.mark.parametrize(("value", "text"), [
    (None, "–"), (109.6, "109.6"), (1250.0, "1,250"), (-2.6234, "−2.62"), (0.31, "0.310"),
])  # fmt: skip
def test_a_number_has_three_or_four_digits(value: float | None, text: str) -> None:
    assert number(value) == text

"""What a person reads of a calibration: page, terminal, model card."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from engine.calibrate import read_seasons, with_yardsticks
from engine.calibrate.driver import CalibrationResult
from engine.calibrate.identify import FEW
from engine.report import build_report, read_study
from engine.report.findings.calibration import fit_sentences
from engine.report.findings.options import decision_told
from engine.report.findings.world_agreement import across_sentences
from engine.report.formatting import number
from engine.report.html.page import _page_text
from engine.report.markdown import write_model_card
from engine.report.read.calibration import CalibrationSummary, read_fit
from engine.report.terminal.analyses import print_calibration
from engine.report.terms.translate import Terms
from engine.results import Results, provenance_of, read_table
from engine.spec.calibration import CalibrateJob
from tests.calibrate.market import TREE, calibrated, job, table
from tests.worlds import CONF

BN = 1e11


def answer(world: str, policy: str, measure: str, found: tuple[float, float, float]) -> dict:
    """A row of `answers`: what is found are mean, baseline's mean and difference."""
    mean, base, difference = found
    return {
        "world": world, "policy": policy, "baseline": "none", "measure": measure, "mean": mean,
        "baseline_mean": base, "difference": difference, "standard_error": 0.1, "pairs_count": 4,
        "ci_low": difference - 0.2, "ci_high": difference + 0.2, "variance_reduction": None,
        "lowest_world": difference, "highest_world": difference, "worlds_count": 1,
        "units_count": 4,
    }  # fmt: skip


ANSWERS = [
    answer(world, "coupons", measure, found)
    for world, returned, earned, reached in (("w_1", 0.7, 2.0, 1.0), ("w_2", 2.2, 3.5, 0.5))
    for measure, found in {
        "gmv_paid_fen": (260 * BN, 250 * BN, 10 * BN),
        "platform_contribution_fen": (earned * BN, 3 * BN, (earned - 3) * BN),
        "target_attained": (1.0, reached, 1.0 - reached),
        "incremental_gmv_paid_per_subsidy_rmb": (None, None, returned),
    }.items()
]
"""In the second world only coupons reach the goal; in the first they cost more than they earn."""


def left(place: Path, told: CalibrateJob, outcome: CalibrationResult) -> Path:
    config = json.loads(told.model_dump_json())
    config["unknowns"]["ranges"] = TREE  # as a user writes it
    config["policy"], config["scenario"]["calendar"] = {"name": "h1_2020"}, {}
    results = Results(place, config, told.seed)
    seasons = read_seasons(str(CONF / "observed" / "seasonality_2019.csv"))
    results.write_rows("calibration", with_yardsticks(outcome.rows, seasons))
    results.write_rows("answers", ANSWERS)
    results.finish()
    return place


def found_in(folder: Path) -> CalibrationSummary:
    table = read_table(folder, "calibration")
    return read_fit(table.to_pylist(), provenance_of(table)["config"])


def calibrate_folder(place: Path) -> Path:
    """Leave what `calibrate` leaves."""
    told = job()
    place.mkdir(exist_ok=True)
    extra = ["unmodelled,jack_ma_retires,Sep 2019,1,event,high", "fit,tier12_share,2020,90,%,high"]
    figures = table(place, told, extra, gmv_Q3=3.0)
    return left(place / "out", told, calibrated(told, figures, place))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return calibrate_folder(tmp_path_factory.mktemp("calibrate"))


def test_the_page_shows_hits_and_misses_the_forecast_and_the_unknowns(folder: Path) -> None:
    page = build_report(folder).read_text(encoding="utf-8")
    for part in (
        "How well kuaishou_2020 fits what was observed",
        "Every figure, and what was simulated for it",
        "Which unknowns the figures pin down",
        "How good its forecasts are",
        "fitted figures and",
        "Figures that the model does not show",
        "the model has no such measure",
        "Forecast of GMV, Q4 2020",
        "What policies bring in each of these worlds",
        "missed*",
        "GMV at list price / orders",
        "learning.<wbr>habit_<wbr>gain",
    ):
        assert part in page, part
    assert "What the words mean" not in page
    assert "What the run brings" not in page


def test_no_text_of_the_page_is_missing_from_the_glossary(folder: Path) -> None:
    terms = Terms("zh")
    _page_text(read_study(folder), terms)
    assert terms.missing == set()


def test_the_sentences_tell_what_was_missed(folder: Path) -> None:
    found = found_in(folder)
    plausible, hits, checks, forecast, covered, unknowns, *_ = fit_sentences(found)
    assert "72 points of the unknowns were simulated, and the 24 best again" in plausible
    assert "are plausible: none of the 5 figures" in plausible
    assert "within the tolerance of 5 of 5 fitted figures." in hits
    assert "hold 0 of 1 figures that the fit did not see; missed: GMV, Q3" in checks
    assert "The seasonal line is closer in 0 of 1" in checks
    q4 = next(one for one in found.figures if one.role == "forecast")
    assert q4.low < q4.median < q4.high
    assert f": {number(q4.median)} bn RMB, 80 % between {number(q4.low)} and" in forecast
    assert "is not known: that takes 60 points" in covered
    assert "learning.habit_gain" in unknowns.partition("Hardly at all: ")[2]


def test_one_number_counts_what_was_fitted_and_what_was_not_shown(folder: Path) -> None:
    study, found = read_study(folder), found_in(folder)
    told = decision_told(study)
    hits = [one for one in found.fitted if one.is_hit]
    assert told.headline is not None
    assert told.headline.value == f"{len(hits)} of {len(found.fitted)}"
    assert told.headline.span.endswith(f" of {len(found.unseen)} not fitted")
    assert any("fit.points_count" in one for one in told.changes) == (found.kept_count < FEW)


def test_the_worlds_answers_stand_side_by_side() -> None:
    returned, best = across_sentences(ANSWERS)
    assert "a RMB of own coupons under coupons brings 0.70 (0.50 … 0.90) RMB" in returned
    assert "in w_1, which says least of 2 worlds, and 2.20 (2.00 … 2.40) in w_2" in returned
    assert best.endswith("most: none in 1 of 2 worlds, coupons in 1 of 2 worlds.")
    assert across_sentences([]) == []


def test_without_a_plausible_point_the_page_says_so(tmp_path: Path) -> None:
    told = job("fit.waves_count=2")
    figures = table(tmp_path, told, gmv_Q1=3.0)
    folder = left(tmp_path / "out", told, calibrated(told, figures, tmp_path))
    page = build_report(folder).read_text(encoding="utf-8")
    assert "None is plausible: the best misses its worst figure by" in page
    assert "The 4 that miss least stand in" in page


@pytest.mark.parametrize("width", [80, 140])
def test_the_terminal_shows_every_figure(folder: Path, width: int) -> None:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    print_calibration(found_in(folder), ANSWERS, console)
    text = console.export_text()
    for part in (
        "Fitted", "Never fitted", "Forecast", "order value", "Against none, a RMB of own",
        "Not modelled: jack_ma_retires, Sep 2019.",
    ):  # fmt: skip
        assert part in text
    assert ("Scorecard" in text) == (width > 118)


def test_the_model_card_says_how_wrong_the_check_rows_were(folder: Path) -> None:
    write_model_card(folder)
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: kuaishou_2020, calibrated\n")
    (line,) = (line for line in card.splitlines() if line.startswith("| GMV, Q3 2020"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    _, observed, interval, verdict, off, who, by_line, last = cells
    low, high = (float(end) for end in interval.split(" … "))
    off = off.replace("−", "-")
    assert low < float(observed) * (1 + float(off.removesuffix(" %")) / 100) < high
    assert float(off.removesuffix(" %")) < -60  # it was told three times what the market sells
    assert verdict == "missed"
    assert who == "its makers, not the fit"
    assert by_line.endswith("%)")
    assert last.endswith("%)")
    assert "| order value, Q2 2020" in card
    assert "tier12_share" not in card.split("## Scorecard")[1].split("##")[0]  # an input
    assert "## What they may not be used for" in card
    assert "which says least of 2 worlds" in card


@pytest.mark.parametrize(("value", "text"), [
    (None, "–"), (109.6, "109.6"), (1250.0, "1,250"), (-2.6234, "−2.62"), (0.31, "0.310"),
])  # fmt: skip
def test_a_number_has_three_or_four_digits(value: float | None, text: str) -> None:
    assert number(value) == text

"""Which policy sells most is said only where it is told, and of the baseline too."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.compare import INCREMENTAL, paired
from engine.report import read_study
from engine.report.charts.differences import difference_pictures
from engine.report.findings.comparison import (
    comparison_changes,
    comparison_sentences,
    sales_lead,
    with_defined_returns,
)
from engine.report.findings.options import decision_told
from engine.report.html.page import _title
from engine.report.read.results_model import StudyResults
from tests.report.studies import BASELINES, compare_folder, simulate

_MEASURES = ["gmv_paid_fen", "subsidy_fen"]
_MOST = "double_ten_billion"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(compare_folder(tmp_path_factory.mktemp("compare")))


def against(study: StudyResults, baseline: str, replications: int = 5) -> StudyResults:
    """Compare the same years with another baseline."""
    years = simulate(BASELINES, replications)
    return replace(study, comparison=paired(years, baseline, _MEASURES))


def with_half(study: StudyResults, measure: str, policy: str, half: float) -> StudyResults:
    """Widen the interval of one difference; no runs are left to pair policies by."""

    def changed(row: dict[str, Any]) -> dict[str, Any]:
        if (row["measure"], row["policy"]) != (measure, policy):
            return row
        middle = row["difference"]
        return row | {"ci_low": middle - half, "ci_high": middle + half}

    return replace(study, comparison=[changed(dict(row)) for row in study.comparison], runs=[])


def test_the_baseline_is_a_candidate(study: StudyResults) -> None:
    found = against(study, _MOST)
    lead = sales_lead(found)
    assert lead is not None
    assert (lead.policy, lead.other, lead.unsure) == (_MOST, "h1_2020", [])
    assert lead.gain > 0
    assert lead.low is not None
    assert lead.high is not None
    assert lead.low < lead.gain < lead.high
    assert _title(found) == f"Most is sold under {_MOST}"
    picture, _ = difference_pictures(found)
    assert picture.finding.startswith(f"Most is sold under the baseline, {_MOST}: +")


def test_no_winner_is_named_within_noise(study: StudyResults) -> None:
    wide = with_half(against(study, _MOST), "gmv_paid_fen", "h1_2020", 1e13)
    assert _title(wide) == f"Too close to tell: most is sold under {_MOST} or h1_2020"
    assert difference_pictures(wide)[0].finding.startswith("Too close to tell")
    assert f"may part {_MOST} and h1_2020" in comparison_changes(wide)[0]
    both = with_half(wide, "gmv_paid_fen", "laissez_faire", 1e13)
    assert _title(both) == "Too close to tell which of 3 policies sells most"


def test_of_two_that_beat_the_baseline_the_better_is_told_by_their_own_pairs(
    study: StudyResults,
) -> None:
    lead = sales_lead(study)
    assert lead is not None
    assert (lead.policy, lead.other, lead.unsure) == (_MOST, "laissez_faire", [])
    apart = with_half(study, "gmv_paid_fen", _MOST, 1e13)  # by intervals, without runs
    lead = sales_lead(apart)
    assert lead is not None
    assert lead.unsure == ["h1_2020", "laissez_faire"]


def test_the_number_is_that_of_the_policy_in_the_title(study: StudyResults) -> None:
    for baseline, other in ((_MOST, "h1_2020"), ("h1_2020", "h1_2020")):
        told = decision_told(against(study, baseline)).headline
        assert told is not None
        assert told.says == f"more GMV as paid under {_MOST} than under {other}"
        assert not told.value.startswith("−")
        assert told.span.startswith("95 %: ")


def test_one_replication_wins_nothing(study: StudyResults) -> None:
    found = against(study, "laissez_faire", replications=1)
    assert _title(found) == f"In a single replication most is sold under {_MOST}"
    assert "With one replication nothing is known of noise" in comparison_changes(found)[0]


def test_a_rmb_of_subsidy_brings_something_where_more_or_less_is_spent(study: StudyResults) -> None:
    said = comparison_sentences(against(study, "h1_2020"))
    assert "Each RMB of subsidy more came with" in said[0]
    assert said[0].startswith(f"Against h1_2020, {_MOST}")
    assert said[1].startswith("Against h1_2020, laissez_faire")
    less = re.search(r"Each RMB of subsidy less came with (\S+) RMB less of GMV as paid", said[1])
    assert less is not None
    again = comparison_sentences(against(study, "laissez_faire"))
    assert any(f"Each RMB of subsidy more came with {less[1]} RMB of" in one for one in again)
    drawn = difference_pictures(against(study, "h1_2020"))[1]
    names = {row["name"] for rows in drawn.spec["datasets"].values() for row in rows
             if "name" in row}  # fmt: skip
    assert names == {_MOST, "laissez_faire"}


@pytest.mark.parametrize("change", [{"difference": 1e3}, {"ci_low": -1.0}, {"ci_low": None}])
def test_a_trifle_or_noise_of_subsidy_brings_nothing(
    study: StudyResults, change: dict[str, Any]
) -> None:
    rows = [
        dict(row) | (change if row["measure"] == "subsidy_fen" else {}) for row in study.comparison
    ]
    told = [row for row in with_defined_returns(rows) if row["measure"] == INCREMENTAL]
    assert {row["difference"] for row in told} == {None}
    assert all("Each RMB" not in one for one in comparison_sentences(replace(study,
               comparison=rows)))  # fmt: skip


def test_other_worlds_would_change_the_answer(study: StudyResults, tmp_path: Path) -> None:
    assert any("ensemble=plausible" in one for one in comparison_changes(study))
    several = [
        dict(row) | {"worlds_count": 2, "lowest_world": -1e12, "highest_world": 3e12}
        for row in study.comparison
    ]
    (said,) = comparison_changes(replace(study, comparison=several))
    assert said == f"In some worlds laissez_faire sells more than {_MOST}."

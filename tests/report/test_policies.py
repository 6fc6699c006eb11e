"""What a policy does, told lever by lever against the policy it is measured by."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.report import read_study
from engine.report.html.policies import (
    _cell,
    _lever_text,
    _policy_texts,
    _reference_name,
    policies_shown,
)
from engine.report.read.results_model import Line, StudyResults, _Estimate
from engine.spec.base import Dated
from tests.report.studies import compare_folder, priced_folder

SPACE = "\N{NO-BREAK SPACE}"
START = date(2020, 1, 1)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(priced_folder(tmp_path_factory.mktemp("priced")))


@pytest.mark.parametrize(
    ("dated", "shown"),
    [
        ({"2020-01-01": 0.02, "2020-06-01": 0.06}, "0.02 → 0.06 (1 Jun)"),
        (
            {"2020-06-01": 0.06, "2020-01-01": 0.02, "2020-11-11": 0.1},
            "0.02 → 0.06 (1 Jun) → 0.1 (11 Nov)",
        ),
        ({"2020-01-01": 0.02, "2021-02-03": 0.1}, "0.02 → 0.1 (3 Feb 2021)"),
        ({"2020-01-01": 0.02, "2020-06-01": 0.02}, "0.02"),
        (-1500.0, "−1,500"),
    ],
)
def test_a_dated_value_is_shown_with_its_dates(dated: Any, shown: str) -> None:
    found = _lever_text(Dated.model_validate(dated), START)
    assert found.replace(SPACE, " ").replace("-", "−") == shown


def test_other_values_are_shown_as_they_are() -> None:
    assert _lever_text(0.3333, START) == "0.333"
    assert _lever_text("even", START) == "even"
    assert _lever_text(None, START) == "–"
    assert (
        _lever_text([0.1 * k for k in range(1, 13)], START)
        == "30, 60, 90 % after 1/4, 1/2, 3/4 of its days"
    )


def test_policies_are_told_against_todays(study: StudyResults) -> None:
    assert _reference_name(study) == "double_ten_billion"
    texts = _policy_texts(study)
    assert texts["double_ten_billion"].levers == []
    moved = texts["trial_058"].levers
    assert {one.path for one in moved} == {
        f"subsidy.rate.{kind}"
        for kind in ("source", "platform_brand", "domestic", "multinational", "partner")
    }
    assert (moved[0].was, moved[0].own, moved[0].words) == ("0.1", "0.2", "20 % on factory goods")


def test_found_policies_are_called_by_what_they_do(study: StudyResults) -> None:
    texts = _policy_texts(study)
    assert texts["trial_058"].called == "6 % on everything"  # as the price table says
    assert texts["trial_044"].called == "15 % on everything"
    (tags,) = (card.tags for card in policies_shown(study, []).cards if card.policy == "trial_044")
    assert tags[0] == "policy=trial_044"  # what commands know it by
    assert texts["laissez_faire"].called == "laissez_faire"


def test_policies_that_are_not_known_in_full_keep_their_names(tmp_path: Path) -> None:
    texts = _policy_texts(read_study(compare_folder(tmp_path)))
    assert [text.called for text in texts.values()] == list(texts)
    assert not any(text.levers for text in texts.values())


@pytest.mark.parametrize(("worlds", "limits"), [(1, "84% to 99%"), (8, "48% to 100%")])
def test_worlds_are_no_independent_runs_of_a_probability(worlds: int, limits: str) -> None:
    line = Line("a", False, {"target_attained": _Estimate(0.97)}, runs_count=32)
    assert _cell(line, "target_attained", worlds).small.replace("\N{NO-BREAK SPACE}", "") == limits

"""The glossary of the page: no text is missing, and what is filled in is translated too."""

from pathlib import Path
from typing import Any

import pytest

from engine.report import build_report, read_study
from engine.report.html.page import _page_text
from engine.report.terms.translate import Terms
from engine.results import Results
from tests.report.studies import (
    CONFIG,
    ablate_folder,
    compare_folder,
    optimize_folder,
    priced_folder,
    simulate_folder,
)
from tests.report.test_response import ROWS as SWEPT
from tests.report.test_sensitivity import ROWS as INDICES


def response_folder(folder: Path) -> Path:
    return rows_folder(folder, "response", SWEPT)


def sensitivity_folder(folder: Path) -> Path:
    return rows_folder(folder, "sensitivity", INDICES)


def rows_folder(folder: Path, table: str, rows: list[dict[str, Any]]) -> Path:
    results = Results(folder, CONFIG | {"search": None, "run_off_days": 365}, 7)
    results.write_rows(table, rows)
    results.finish()
    return folder


@pytest.mark.parametrize(
    "make",
    [
        ablate_folder,
        compare_folder,
        optimize_folder,
        priced_folder,
        response_folder,
        sensitivity_folder,
        simulate_folder,
    ],
)
def test_no_text_of_a_page_is_missing_from_the_glossary(tmp_path: Path, make: Any) -> None:
    terms = Terms("zh")
    page = _page_text(read_study(make(tmp_path)), terms)
    assert terms.missing == set()
    assert '<html lang="zh">' in page


def test_english_is_what_is_written() -> None:
    terms = Terms("en")
    assert terms("What each target costs") == "What each target costs"
    assert terms.missing == set()


def test_what_is_filled_in_is_translated_too() -> None:
    terms = Terms("zh")
    said = "Cheapest is no coupons, cap 0.9 and 3 more: it costs 1.2 bn RMB less and reaches it"
    assert terms(f"{said} with 0.80.") == (
        "最便宜的是 不发券、限价 0.9 及另外 3 项：少花 1.2 十亿元，达到目标的概率为 0.80。"
    )


def test_a_missing_text_stays_and_is_known() -> None:
    terms = Terms("zh")
    assert terms("Never written anywhere") == "Never written anywhere"
    assert terms.softly("Nor this one") == "Nor this one"
    assert terms.missing == {"Never written anywhere"}


def test_the_language_is_that_of_the_config_or_the_one_asked_for(tmp_path: Path) -> None:
    folder = priced_folder(tmp_path)
    assert "什么会改变答案" not in build_report(folder).read_text(encoding="utf-8")
    assert "什么会改变答案" in build_report(folder, language="zh").read_text(encoding="utf-8")

"""What is said, drawn and printed of a sweep of levers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.report import build_report
from engine.report.charts.response import (
    _lever_note,
    _lever_title,
    response_section,
    response_sentences,
)
from engine.report.terminal.response import print_response
from engine.response import lever_answers
from engine.results import Results
from tests.report.studies import CONFIG
from tests.report.test_page import Page, plain
from tests.response.rows import sweep_rows

ROWS = [
    *sweep_rows("traffic.commercial_load", {0.6: -1, 0.8: 2, 0.9: 0, 1.0: -3}, 0.1),
    *sweep_rows("supply.library_open", {0.6: -1, 0.9: 0, 1.0: 3}, 0.1, is_constant=False),
    *sweep_rows("price.cap", {0.6: -1, 0.9: 0, 1.0: -3}, 0.1),
    *sweep_rows("traffic.floor", {0.6: 0.01, 0.9: 0, 1.0: -0.01}, 0.1),
]


def test_a_title_states_the_finding() -> None:
    load, library, cap, floor = map(_lever_title, lever_answers(ROWS))
    assert load == "Commercial load: contribution with run-off is best near 0.8"
    assert library.endswith("best at the high end, 1")
    assert cap.endswith("best near 0.9")
    assert floor == "Feed floor: nothing is distinguishable from noise"


def test_a_note_says_what_the_lever_is_and_what_its_best_brings() -> None:
    load, library, cap, _ = map(_lever_note, lever_answers(ROWS))
    assert "on the historical commercial load" in load
    assert "changes by +2.00 ± 0.28 bn RMB and GMV as paid by +2.00 ± 0.28" in load
    assert "The base policy has 0.9 on average" in library
    assert "At the best value" not in cap


def test_sentences_sort_the_levers_and_name_what_moves_nothing() -> None:
    base, ends, inside, nothing = response_sentences(ROWS, 365)
    assert "contributes 100.0 bn RMB over the horizon and 365 days of run-off" in base
    assert "commercial load (at 0.8, +2.00 ± 0.28 bn RMB), price cap (as it is, 0.9)" in inside
    assert "library for all anchors (at 1, +3.00 ± 0.28 bn RMB)" in ends
    assert nothing.endswith("on any measure over the whole range: feed floor.")


def kinds(section: dict[str, Any], place: int) -> list[str]:
    """The kinds of the marks of a lever's first picture."""
    rows = section["levers"][place].pictures[0].spec["datasets"].values()
    return max(([row["kind"] for row in own] for own in rows if "kind" in own[0]), key=len)


def test_every_lever_that_moves_something_has_its_pictures() -> None:
    section = response_section(ROWS)
    assert section is not None
    named = [lever.title.partition(":")[0] for lever in section["levers"]]
    assert named == ["Library for all anchors", "Commercial load", "Price cap"]
    assert [len(lever.pictures) for lever in section["levers"]] == [2] * 3
    assert kinds(section, 1).count("best by contribution with run-off") == 1
    assert kinds(section, 1).count("base policy") == 1
    assert kinds(section, 2).count("base policy") == 0  # the base is the best
    assert "Library for all anchors brings most by itself" in section["gains"].finding
    assert response_section([]) is None


def test_a_best_value_that_may_be_none_is_no_gain() -> None:
    rows = sweep_rows("traffic.commercial_load", {0.6: -9, 0.8: 0.1, 0.9: 0}, 0.1)
    (one,) = lever_answers(rows)
    assert one.is_distinguishable  # by its least value
    assert not one.is_gain
    section = response_section(rows)
    assert section is not None
    assert section["gains"] is None
    assert "best by contribution with run-off" not in kinds(section, 0)


def test_a_wide_range_is_drawn_by_ratio() -> None:
    section = response_section(sweep_rows("subsidy.cap_rmb", {0.9: 0, 5: 1, 100: 2}, 0.1))
    assert section is not None
    assert '"type": "log"' in json.dumps(section["levers"][0].pictures[0].spec)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_keeps_its_numbers_in_one_piece(width: int) -> None:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as capture:
        print_response(ROWS, console)
    text = capture.get()
    assert max(map(len, text.splitlines())) <= width
    assert re.search(r"0\.9 +0\.8 +\+2\.00 ± 0\.28 +102\.0 +interior", text)
    assert re.search(r"traffic\.floor +0\.9 +– +– +– +moves nothing", text)
    assert "Nothing distinguishable from noise, on any measure: traffic.floor." in text


def test_the_page_holds_the_table_and_the_pictures(tmp_path: Path) -> None:
    results = Results(tmp_path, CONFIG | {"search": None, "run_off_days": 365}, 7)
    results.write_rows("response", ROWS)
    results.finish()
    page = Page(build_report(tmp_path).read_text(encoding="utf-8"))
    said = plain(page.text)
    for text in (
        "What each lever does alone",
        "Where each lever is best",
        "Commercial load: contribution with run-off is best near 0.8",
        "Contribution with run-off: +2.00 ± 0.28 bn RMB at 0.8",
        "Contribution with run-off: the base is best",
        "Each lever moved alone: several together",
        "Contribution of the horizon and of the days of run-off",
    ):
        assert text in said
    assert page.tags.count("figure") == 7  # two of three levers, and what all of them bring

"""The model card names the levers that there are, and each table is filled."""

import re

import numpy as np

from engine.response import _swept_levers
from tests.card.worlds import places_in_ranges
from tests.card.years import comparison
from tests.kinds import LEVERS
from tests.update_card import FILE


def block(name: str) -> list[str]:
    """The rows of a measured table, without its head."""
    text = FILE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- measured: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found
    return found[1].splitlines()[2:]


def test_every_lever_of_the_status_quo_has_its_value() -> None:
    asked = comparison("baseline=h1_2020", "one_at_a_time=laissez_faire")
    levers = [name.removeprefix("without_") for name in asked.compared() if name != "h1_2020"]
    assert [row.split("`")[1] for row in block("levers")] == levers


def test_every_finding_has_its_numbers_now() -> None:
    rows = [row.strip("| ").split(" | ") for row in block("findings")]
    assert len(rows) == 13
    assert all(len(row) == 3 and row[1] and re.search(r"\d", row[2]) for row in rows)


def test_every_lever_is_best_inside_its_range_or_the_model_says_why_not() -> None:
    rows = [row.strip("| ").split(" | ") for row in block("response")]
    levers = [row[0].strip("`") for row in rows]
    assert levers == [swept.name for swept in _swept_levers(None, LEVERS)]
    text = (FILE.parent / "MODEL.md").read_text(encoding="utf-8")
    said = text[
        text.index("these are not best inside:") : text.index("**One population for all.**")
    ]
    told = {row[0] for row in rows if row[-1] != "interior"}
    assert {lever for lever in told if lever not in said} == set()


UNTOLD = (
    "choice.nest",
    "choice.habit",
    "buyers.habit_visits",
    "attention.habit",
    "choice.memory_weight",
    "choice.memory_fading",
    "buyers.wallet_level",
    "rival.reaction",
    "users.load_aversion",
    "users.bad_purchase",
)
"""On which the return of a coupon rests, and of which no figure says much."""


def test_the_plausible_worlds_differ_in_what_no_figure_tells() -> None:
    """Each of these spreads over a third of its range."""
    names, places = places_in_ranges()
    spread = dict(zip(names, np.ptp(places, axis=0), strict=True))
    assert {name: spread[name] for name in UNTOLD if spread[name] < 1 / 3} == {}


def test_what_a_coupon_returns_differs_by_a_factor_of_three_between_the_worlds() -> None:
    """As paid: the last row is the largest over the smallest."""
    *worlds, ratio = (row.strip("| ").split(" | ") for row in block("answers"))
    returned = [float(row[3]) for row in worlds]
    assert max(returned) > 3 * abs(min(returned))
    assert float(ratio[3]) > 3

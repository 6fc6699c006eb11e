"""The model card names the levers that there are, and each table is filled."""

import re

from tests.card.years import comparison
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

"""The end of the main job where targets have a price: the answer, the prices, the plan.

At most some twenty-five lines of a hundred columns: the tables and the page hold the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console

from engine.report.findings.prices import (
    PRICE_HEADS,
    PRICE_TITLE,
    advice_about,
    effect_sentences,
    letters,
    plan_sentence,
    price_cells,
    value_sentence,
)
from engine.report.terminal.policies import plain_table
from engine.results.schemas import Row

_NAME: Final = 90
"""Columns of what a policy does, beside its letter."""


def print_answer(tables: Mapping[str, Sequence[Row]], console: Console) -> None:
    """Print what to do, the price of each target, the plan, how sure, and what each lever brings.

    `tables` are those of `engine.decision.tables`.
    """
    _say(advice_about("answer", tables["advice"]), console)
    table = plain_table(PRICE_TITLE)
    for head in PRICE_HEADS:
        table.add_column(_folded(head), justify="right", no_wrap=True)
    for row in price_cells(tables["prices"]):
        table.add_row(*row)
    console.print()
    console.print(table)
    for letter, said in letters(tables["prices"]).items():
        _say(f"{letter}: {said if len(said) <= _NAME else said[: _NAME - 1] + '…'}", console)
    _say(plan_sentence(tables["plan"]), console)
    _say(value_sentence(tables["value"]), console)
    _say(advice_about("certainty", tables["advice"]), console)
    for line in effect_sentences(tables["effects"]):
        _say(line, console)


def _say(text: str, console: Console) -> None:
    if text:
        console.print(text, highlight=False, markup=False)


def _folded(head: str) -> str:
    """A head in two lines, broken near its middle."""
    words = head.split()
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) if len(words) > 1 else head

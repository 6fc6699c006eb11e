"""The end of the main job where targets have a price: the answer, the prices, the plan.

Some 25 lines of a hundred columns: the tables and the page hold the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from engine.report.findings.prices import (
    PRICE_TITLE,
    PRICES,
    advice_about,
    effect_sentences,
    letters,
    plan_sentences,
)
from engine.report.terminal.policies import plain_table
from engine.results.schemas import Row

_POLICY: Final = PRICES.heads.index("Policy")
"""Column of `PRICES` that names a policy by a letter; here it stands last, before its words."""

_NAME, _GAP = 12, 2
"""Columns that the words have at least, and between two columns of the table."""

_EFFECTS_TOLD: Final = 2
"""Levers whose effects are listed here, the largest first."""


def print_answer(tables: Mapping[str, Sequence[Row]], console: Console) -> None:
    """Print what to do, the price of each target, the plan, how sure, and what each lever brings.

    `tables` are those of `engine.decision.answer`.
    """
    said = (advice_about(about, tables["advice"]) for about in ("answer", "luck"))
    _say(" ".join(filter(None, said)), console)
    console.print()
    console.print(_price_table(tables["price_of_target"], console.width))
    for line in plan_sentences(tables["plan"], tables["value"], tables["price_of_target"]):
        _say(line, console)
    _say(advice_about("certainty", tables["advice"]), console)
    for line in effect_sentences(tables["attribution"], tables["plan"], _EFFECTS_TOLD):
        _say(line, console)


def _price_table(prices: Sequence[Row], width: int) -> Table:
    """A target a row; what its policy does stands last, cut where the line ends."""
    table = plain_table(PRICE_TITLE)
    heads = [*map(_folded, PRICES.heads[:_POLICY] + PRICES.heads[_POLICY + 1 :])]
    rows = [[*cells[:_POLICY], *cells[_POLICY + 1 :]] for cells in PRICES.cells(prices)]
    columns = [[*head.splitlines(), *(row[k] for row in rows)] for k, head in enumerate(heads)]
    left = max(width - sum(max(map(len, column)) + _GAP for column in columns), _NAME)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("Policy", no_wrap=True)
    by_words = {said: f"{letter} {said}" for letter, said in letters(prices).items()}
    for price, row in zip(prices, rows, strict=True):
        said = by_words.get(price["says"], price["says"]) or "none"
        table.add_row(*row, said if len(said) <= left else f"{said[: left - 1]}…")
    return table


def _say(text: str, console: Console) -> None:
    if text:
        console.print(text, highlight=False, markup=False)


def _folded(head: str) -> str:
    """A head in two lines, broken near its middle."""
    words = head.split()
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) if len(words) > 1 else head

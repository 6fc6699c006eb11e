"""The end of the main job where targets have a price: the answer, the prices, the plan.

Some 30 lines of a hundred columns: the tables and the page hold the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

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

_SPARE: Final = ("P worst", "RMB per RMB, 80 %", "Whole subsidy")
"""Columns of `PRICES` that are left out where there is no room, the first one first."""

_GAP: Final = 2
"""Columns of the terminal between two of the table."""

_EFFECTS_TOLD: Final = 2
"""Levers whose effects are listed here, the largest first."""


def print_answer(tables: Mapping[str, Sequence[Row]], console: Console) -> None:
    """Print what to do, the price of each target, the plan, how sure, and what each lever brings.

    `tables` are those of `engine.decision.answer`.
    """
    parts = (advice_about(about, tables["advice"]) for about in ("answer", "luck"))
    _say(" ".join(filter(None, parts)), console)
    console.print()
    console.print(_price_table(tables["price_of_target"], console.width))
    console.print(_legend(tables["price_of_target"]))
    for line in plan_sentences(tables["plan"], tables["value"], tables["price_of_target"]):
        _say(line, console)
    _say(advice_about("certainty", tables["advice"]), console)
    for line in effect_sentences(tables["attribution"], tables["plan"], _EFFECTS_TOLD):
        _say(line, console)


def _price_table(prices: Sequence[Row], width: int) -> Table:
    """A target a row, without the columns of `_SPARE` that a narrow terminal has no room for."""
    rows = PRICES.cells(prices)
    columns = {
        head: (_folded(head), [row[k] for row in rows]) for k, head in enumerate(PRICES.heads)
    }
    for spare in _SPARE:
        if _width(columns.values()) > width:
            del columns[spare]
    table = plain_table(PRICE_TITLE)
    for head, _ in columns.values():
        table.add_column(head, justify="right", no_wrap=True)
    for cells in zip(*(cells for _, cells in columns.values()), strict=True):
        table.add_row(*cells)
    return table


def _legend(prices: Sequence[Row]) -> Table:
    """What the policy of each letter does."""
    legend = Table.grid(padding=(0, 0, 0, _GAP))
    for letter, said in letters(prices).items():
        legend.add_row(letter, Text(said))
    return legend


def _width(columns: Iterable[tuple[str, Sequence[str]]]) -> int:
    """How wide a table is, with its gaps."""
    wide = [max(map(len, [*head.splitlines(), *cells])) for head, cells in columns]
    return sum(wide) + _GAP * (len(wide) - 1)


def _say(text: str, console: Console) -> None:
    if text:
        console.print(text, highlight=False, markup=False)


def _folded(head: str) -> str:
    """A head in two lines, broken near its middle."""
    words = head.split()
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) if len(words) > 1 else head

"""The end of the main job where targets have a price: the answer, the prices, the plan."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from engine.report.findings.prices import (
    PLAN_HEADS,
    PRICE_HEADS,
    PRICE_TITLE,
    effect_sentences,
    letters,
    plan_cells,
    price_cells,
)
from engine.report.terminal.policies import plain_table
from engine.results.schemas import Row


def print_answer(tables: Mapping[str, Sequence[Row]], console: Console) -> None:
    """Print what to do, the price of each target, the plan, and what each lever brings.

    `tables` are those of `engine.decision.tables`.
    """
    console.print()
    console.print(" ".join(row["sentence"] for row in tables["advice"]))
    _print_table(PRICE_TITLE, PRICE_HEADS, price_cells(tables["prices"]), console)
    for letter, said in letters(tables["prices"]).items():
        console.print(f"{letter}: {said}", soft_wrap=True)
    _print_table("Its plan by month (bn RMB)", PLAN_HEADS, plan_cells(tables["plan"]), console)
    for line in effect_sentences(tables["effects"]):
        console.print(line)


def _print_table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], console: Console
) -> None:
    table = plain_table(title)
    for head in heads:
        table.add_column(_folded(head), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def _folded(head: str) -> str:
    """A head in two lines, broken near its middle."""
    words = head.split()
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) if len(words) > 1 else head

"""What a trial prints at its end."""

from collections.abc import Sequence
from datetime import date

from rich.console import Console

from engine.report.charts.trial import HEADS, trial_cells, trial_sentences
from engine.report.formatting import label
from engine.report.terminal.policies import WIDE_COLUMNS, plain_table
from engine.results.schemas import Row

_NARROW = (0, 1, 2, 5, 6, 8)
"""Columns that a narrow terminal has room for."""


def print_trial(rows: Sequence[Row], console: Console, start: date, days: int) -> None:
    """Print what each kind of test says of each measure, beside the true effect.

    Parameters
    ----------
    rows : of the table `trial`.
    console : where it is printed.
    start, days : first day of each test, and how many days it takes.
    """
    places = range(len(HEADS)) if console.width >= WIDE_COLUMNS else _NARROW
    table = plain_table("What tests of the policy would say")
    for place in places:
        head, below = HEADS[place]
        justify = "right" if place else "left"
        table.add_column(f"{head}\n{below}" if below else head, justify=justify)  # type: ignore[arg-type]
    for line in trial_cells(rows):
        if line.is_first:
            table.add_row(f"{label(line.measure)}, {line.unit}", style="bold")
        else:
            table.add_row(*(f"  {line.texts[0]}" if not k else line.texts[k] for k in places))
    console.print()
    console.print(table)
    for sentence in trial_sentences(rows, start, days):
        console.print(sentence, highlight=False, markup=False)

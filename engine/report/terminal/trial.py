"""What a trial prints at its end."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from engine.report.charts.trial import HEADS, trial_cells, trial_sentences
from engine.report.formatting import label
from engine.report.terminal.policies import WIDE_COLUMNS, plain_table
from engine.results.schemas import Row
from engine.spec.trial import TrialJob

_NARROW: Final = (0, 1, 2, 5, 6, 8)
"""Columns that a narrow terminal has room for."""

_WITH_HALVES: Final = (1, 2)
"""Columns whose figures have a half width each, which stays beside them."""

_FOLDS: Final = (5, 6, 8)
"""Columns whose heads are folded on a terminal below so many columns, and how wide they are."""
_UNFOLDED: Final = 100
_FOLDED: Final = 10


def print_trial(rows: Sequence[Row], console: Console, job: TrialJob) -> None:
    """Print what each kind of test says of each measure, beside the true effect.

    Parameters
    ----------
    rows : of the table `trial`.
    console : where it is printed.
    job : what was asked.
    """
    places = range(len(HEADS)) if console.width >= WIDE_COLUMNS else _NARROW
    table = plain_table(f"What tests of {job.policy.name} against {job.control.name} would say")
    for place in places:
        head, below = HEADS[place]
        table.add_column(
            f"{head}\n{below}" if below else head,
            justify="right" if place else "left",
            overflow="fold",
            max_width=_FOLDED if place in _FOLDS and console.width < _UNFOLDED else None,
            no_wrap=place in _WITH_HALVES,
        )
    for line in trial_cells(rows):
        if line.is_first:
            table.add_row(f"{label(line.measure)}, {line.unit}", style="bold")
        else:
            table.add_row(*(f"  {line.texts[0]}" if not k else line.texts[k] for k in places))
    console.print()
    console.print(table)
    names = (job.policy.name, job.control.name)
    for sentence in trial_sentences(rows, names, job.start, job.days):
        console.print(sentence, highlight=False, markup=False)

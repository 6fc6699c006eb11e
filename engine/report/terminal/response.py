"""What a sweep of levers prints at its end."""

from collections.abc import Sequence

from rich.console import Console

from engine.report.charts.response import HEADS, lever_cells
from engine.report.terminal.policies import WIDE_COLUMNS, plain_table
from engine.response import lever_answers
from engine.results.schemas import Row


def print_response(rows: Sequence[Row], console: Console) -> None:
    """Print where each lever is best by the contribution with run-off, and what moves nothing."""
    pairs = rows[0]["pairs_count"]
    table = plain_table(f"Each lever alone: best contribution with run-off ({pairs} pairs)")
    for head, unit in HEADS:
        is_last = head == HEADS[-1][0]
        words = head.replace(" at ", "\nat ")
        table.add_column(
            f"{words}\n{unit}" if unit else head,
            justify="left" if is_last or not table.columns else "right",
            overflow="fold",
            no_wrap=not is_last,
        )
    answers = lever_answers(rows)
    for one in answers:
        cells = lever_cells(one)
        table.add_row(*(cells if console.width >= WIDE_COLUMNS else (*cells[:-1], one.place)))
    console.print()
    console.print(table)
    if still := [one.lever for one in answers if one.place == "moves nothing"]:
        console.print(
            f"Nothing distinguishable from noise, on any measure: {', '.join(still)}.",
            highlight=False,
        )

"""What a sweep of levers prints at its end."""

from collections.abc import Sequence

from rich.console import Console

from engine.report.findings.response import HEADS, lever_cells
from engine.report.terminal.policies import plain_table
from engine.response import lever_answers
from engine.results.schemas import Row


def print_response(rows: Sequence[Row], console: Console) -> None:
    """Print where each lever is best by the contribution with run-off, and what moves nothing."""
    pairs = rows[0]["pairs_count"]
    table = plain_table(f"Each lever alone: best contribution with run-off ({pairs} pairs)")
    for head, unit in HEADS:
        left = head in {HEADS[0][0], HEADS[-1][0]}
        table.add_column(
            f"{head}\n{unit}" if unit else head,
            justify="left" if left else "right",
            overflow="fold",
            no_wrap=not left,
        )
    answers = lever_answers(rows)
    for one in answers:
        table.add_row(*lever_cells(one))
    console.print()
    console.print(table)
    if still := [one.lever for one in answers if one.place == "moves nothing"]:
        console.print(
            f"Nothing told from noise, on any measure: {', '.join(still)}.", highlight=False
        )

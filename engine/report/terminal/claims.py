"""What a named experiment asked, and which of its claims its runs bear out."""

from collections.abc import Sequence

from rich.console import Console

from engine.report.formatting import label_inside, show_change, show_limits, unit
from engine.results.schemas import Row
from engine.spec.experiment import Experiment


def print_claims(experiment: Experiment, rows: Sequence[Row], console: Console) -> None:
    """Print the question, a line for each claim with its value and verdict, and where to look."""
    console.print(f"\n{experiment.question}", style="bold", highlight=False)
    for row in rows:
        console.print(f"- {row['says']}: {row['verdict']} ({_value(row)}).", highlight=False)
    console.print(f"Look at: {experiment.look_at}", highlight=False, markup=False)


def _value(row: Row) -> str:
    measure = row["measure"]
    words = f"{label_inside(measure)} {show_change(measure, row['value'])}"
    if unit(measure) not in {"", "%"}:
        words += f" {unit(measure)}"
    if row["ci_low"] is None:
        return f"{words}, one replication"
    limits = show_limits(measure, row["ci_low"], row["ci_high"])
    return f"{words}, 95% {limits.replace('…', 'to')}"

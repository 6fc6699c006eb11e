"""What a named experiment asked, and which of its claims its runs bear out."""

from collections.abc import Sequence

from rich.console import Console

from engine.report.findings.claims import claim_sentence
from engine.results.schemas import Row
from engine.spec.experiment import Experiment


def print_claims(experiment: Experiment, rows: Sequence[Row], console: Console) -> None:
    """Print the question, a line for each claim with its value and verdict, and where to look."""
    console.print(f"\n{experiment.question}", style="bold", highlight=False)
    for row in rows:
        console.print(f"- {claim_sentence(row)}", highlight=False)
    console.print(f"Look at: {experiment.look_at}", highlight=False, markup=False)

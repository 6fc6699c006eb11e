"""Demand priors estimated anew beside the published figures, on the terminal."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console

from engine.report.console import plain_table
from engine.report.words import NONE, signed
from engine.results.schemas import Row


def print_priors(rows: Sequence[Row], console: Console) -> None:
    """Print every estimate beside its figure, how many agree, and what was not estimated."""
    estimated = [row for row in rows if not row["reason"]]
    table = plain_table("Demand priors: published and estimated anew (± standard error)")
    table.caption = "LL has no standard error: it depends on the draws, which are not published"
    table.add_column("Parameter", overflow="fold")
    for head in ("Published", "Estimated", "Difference\nin s.e."):
        table.add_column(head, justify="right", no_wrap=True)
    for (dataset, model), group in groupby(estimated, _model):
        table.add_row(f"[bold]{dataset}: {model}")
        for row in group:
            table.add_row(
                f"  {row['parameter']}",
                _number(row["figure"], row["figure_se"]),
                _number(row["estimate"], row["estimate_se"]),
                NONE if row["difference"] is None else signed(row["difference"], 1, plus=True),
            )
    console.print()
    console.print(table)
    console.print(_agreement(estimated), highlight=False)
    for reason in dict.fromkeys(row["reason"] for row in rows if row["reason"]):
        left_out = [row for row in rows if row["reason"] == reason]
        names = ", ".join(dict.fromkeys(row["dataset"] for row in left_out))
        console.print(
            f"Not estimated: {names}, {len(left_out)} figures: {reason}.", highlight=False
        )


def _model(row: Row) -> tuple[str, str]:
    return row["dataset"], row["model"]


def _number(value: float, error: float | None) -> str:
    """Write a value and its standard error with as many decimals each."""
    text = signed(value, 3)
    return text if error is None else f"{text} ± {error:.3f}"


def _agreement(rows: Sequence[Row]) -> str:
    """Say how many differences stay below one standard error, and how large they become."""
    compared = [row for row in rows if row["difference"] is not None]
    if not compared:
        return "Nothing was compared."
    within = sum(abs(row["difference"]) <= 1 for row in compared)
    far = max(compared, key=lambda row: abs(row["difference"]))
    return (
        f"{within} of {len(compared)} within one standard error; the largest difference is "
        f"{abs(far['difference']):.1f} ({far['dataset']}, {far['parameter']})."
    )

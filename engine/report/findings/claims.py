"""What the claims of a named experiment came to, each in a sentence with its verdict."""

from engine.report.formatting import label_inside, show_change, show_limits, unit
from engine.results.schemas import Row


def claim_sentence(row: Row) -> str:
    """Return a claim in words, its verdict, and its figures in brackets."""
    return f"{row['says']}: {row['verdict']} ({_figures(row)})."


def _figures(row: Row) -> str:
    measure = row["measure"]
    words = f"{label_inside(measure)} {show_change(measure, row['value'])}"
    if unit(measure) not in {"", "%"}:
        words += f" {unit(measure)}"
    if row["ci_low"] is None:
        return f"{words}, one replication"
    limits = show_limits(measure, row["ci_low"], row["ci_high"])
    return f"{words}, 95% {limits.replace('…', 'to')}"

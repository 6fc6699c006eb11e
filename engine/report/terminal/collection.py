"""The jobs of a sweep, or several folders, side by side."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from engine.collection import FINISHED, StudyMember, paired_with_first
from engine.report.charts.sweep import SweepView
from engine.report.findings.limits import ONE_REPLICATION
from engine.report.findings.sweep import sweep_sentence
from engine.report.formatting import show, show_change
from engine.report.terminal.policies import plain_table, print_goal
from engine.results.schemas import Row

_MEASURES: Final = ("gmv_paid_fen", "platform_contribution_fen")
"""Measures that are shown: both with their difference to the first job."""

_NUMBERS_WIDE, _NAME_LEAST = 58, 10
"""Columns that numbers of a row take; those that names have at least before they are folded."""

_HEADS: Final = ("GMV paid\nbn RMB", "against\nthe first", "Contrib.\nbn RMB", "against\nthe first")


def print_collection(members: Sequence[StudyMember], rows: Sequence[Row], console: Console) -> None:
    """Print a line per job and policy with what it brings against the first, and how far it moves.

    Parameters
    ----------
    members
        The jobs.
    rows
        Of `sweep`.
    console
        In the currency of the jobs.
    """
    told = [row for row in rows if row["policy"]]
    pairs = {
        (row["of"], row["policy"], row["measure"]): row
        for row in paired_with_first(members, _MEASURES)
    }
    console.print()
    if not told:
        states = [member.state for member in members]
        console.print(f"{states.count(FINISHED)} of {len(states)} jobs finished", highlight=False)
        return
    several = len({row["policy"] for row in told}) > 1
    has_limits = any(pair["ci_high"] is not None for pair in pairs.values())
    paired_told = " (± 95% interval of paired differences)" if has_limits else ""
    table = plain_table(f"{len(members)} jobs{paired_told}")
    own = [f"  {row['policy']}" if several else row["name"] for row in told]
    room = max(console.width - _NUMBERS_WIDE, _NAME_LEAST)
    widest = min(max(map(len, own)), room)
    table.add_column("Job, policy" if several else "Job", overflow="fold", min_width=widest)
    heads = _HEADS if pairs else _HEADS[::2]
    for head in (*heads, "P\nreach"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in dict.fromkeys(row["name"] for row in told):
        if several:
            table.add_row(name, style="bold")
        for row in told:
            if row["name"] == name:
                table.add_row(f"  {row['policy']}" if several else name, *_cells(row, pairs))
    if days := SweepView(told).horizons():
        console.print(f"Note: {days}.", highlight=False, markup=False)
    console.print(table)
    print_goal((row.get("target_fen") for row in told), console)
    for sentence in filter(None, (sweep_sentence(told, measure) for measure in _MEASURES)):
        console.print(sentence, highlight=False)
    if any(row["gmv_paid_fen_se"] is None for row in told):
        console.print(ONE_REPLICATION)


def _cells(row: Row, pairs: dict[tuple[str, str, str], dict[str, Any]]) -> list[str]:
    cells = []
    for measure in _MEASURES:
        pair = pairs.get((row["policy"], row["name"], measure))
        half = None if pair is None or pair["ci_high"] is None else _half(pair)
        change = None if pair is None else pair["difference"]
        cells.append(show(measure, row[measure]))
        if pairs:
            cells.append(show_change(measure, change, half))
    return [*cells, show("target_attained", row["target_attained"])]


def _half(pair: Row) -> float:
    return float(pair["ci_high"] - pair["ci_low"]) / 2

"""The jobs of a sweep, or several folders, side by side."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from engine.collection import FINISHED, StudyMember
from engine.report.charts.sweep import SweepView
from engine.report.findings.limits import ONE_REPLICATION
from engine.report.findings.sweep import job_change, sweep_sentence
from engine.report.formatting import NONE, show
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
    days, shown = SweepView(told).horizons(), SweepView(told).by_day()
    is_paired = any(row.get(f"{name}_change") is not None for row in shown for name in _MEASURES)
    console.print()
    if not told:
        states = [member.state for member in members]
        console.print(f"{states.count(FINISHED)} of {len(states)} jobs finished", highlight=False)
        return
    several = len({row["policy"] for row in told}) > 1
    limits = (f"{name}_change_ci_high" for name in _MEASURES)
    has_limits = any(row.get(name) is not None for name in limits for row in shown)
    paired_told = " (± 95% interval of paired differences)" if has_limits else ""
    table = plain_table(f"{len(members)} jobs{paired_told}")
    own = [f"  {row['policy']}" if several else row["name"] for row in told]
    room = max(console.width - _NUMBERS_WIDE, _NAME_LEAST)
    widest = min(max(map(len, own)), room)
    table.add_column("Job, policy" if several else "Job", overflow="fold", min_width=widest)
    heads = _HEADS if is_paired else _HEADS[::2]
    for head in (*heads, "P\nreach"):
        called = head.replace("bn RMB", "bn RMB/day") if days else head
        table.add_column(called, justify="right", no_wrap=True)
    for name in dict.fromkeys(row["name"] for row in told):
        if several:
            table.add_row(name, style="bold")
        for row in shown:
            if row["name"] == name:
                own_name = f"  {row['policy']}" if several else name
                table.add_row(own_name, *_cells(row, is_paired=is_paired))
    if days:
        console.print(f"Note: {days}.", highlight=False, markup=False)
    console.print(table)
    print_goal((row.get("target_fen") for row in told), console)
    for sentence in filter(None, (sweep_sentence(told, measure) for measure in _MEASURES)):
        console.print(sentence, highlight=False)
    if any(row["gmv_paid_fen_se"] is None for row in told):
        console.print(ONE_REPLICATION)


def _cells(row: Row, *, is_paired: bool) -> list[str]:
    cells = []
    for measure in _MEASURES:
        cells.append(show(measure, row[measure]))
        if is_paired:
            is_told = row.get(f"{measure}_change") is not None
            cells.append(job_change(row, measure) if is_told else NONE)
    return [*cells, show("target_attained", row["target_attained"])]

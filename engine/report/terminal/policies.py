"""The short tables of policies at a command's end, for terminals of 80 columns and up."""

from collections.abc import Iterable, Sequence
from typing import Final

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.case import RunResult
from engine.compare import INCREMENTAL
from engine.report.findings.comparison import with_defined_returns
from engine.report.findings.elasticities import elasticities_by_month
from engine.report.findings.limits import (
    ONE_REPLICATION,
    WORLDS_ALIKE,
    pairs_note,
    replications_count,
)
from engine.report.formatting import (
    NONE,
    label,
    scaled,
    show,
    show_change,
    show_limits,
    signed,
    split_name,
    unit,
)
from engine.report.read.results_model import Line, frontier_lines, run_lines
from engine.results.schemas import Row

WIDE_COLUMNS: Final = 118
"""Columns a terminal needs for all measures of a policy in one table."""


_REACH: Final = (
    "gmv_paid_fen",
    "target_attained",
    "subsidy_fen",
    "budget_spent_share",
    "platform_contribution_fen",
)


_BALANCE: Final = ("top10_share", "brand_share", "dau_change_share")


_OF_A_LEVER: Final = ("gmv_paid_fen", "platform_contribution_fen")
"""What `print_levers` shows of each lever."""


_MONTH: Final = len("2020-01")
_GAP: Final = 2
"""Columns of the terminal between two of a table."""


_HEADS: Final = {
    "gmv_paid_fen": "GMV paid\nbn RMB",
    "target_attained": "P\nreach",
    "subsidy_fen": "Subsidy\nbn RMB",
    "budget_spent_share": "of\nbudget",
    "platform_contribution_fen": "Contrib.\nbn RMB",
    "top10_share": "Top-10\nshare",
    "brand_share": "Brand\nshare",
    "dau_change_share": "DAU\nchange",
}


def print_goal(goals_fen: Iterable[float | None], console: Console) -> None:
    """Say which goal the column of P(reach) means, where all rows have one."""
    goals = {goal for goal in goals_fen if goal}
    if len(goals) == 1:
        goal = scaled("gmv_paid_fen", min(goals))
        console.print(f"P reach: share of runs that reach {goal:g} bn RMB.", highlight=False)


def print_frontier(rows: Sequence[Row], console: Console, goal_fen: float) -> None:
    """Print the frontier and what is recommended beside the baselines, cheapest first.

    Where no policy is on the frontier all are shown: what each ran into is the answer then.
    """
    found = frontier_lines(rows)
    best = [line for line in found if line.on_frontier or line.is_recommended]
    shown = [line for line in found if line.is_baseline or line in (best or found)]
    lines = sorted(shown, key=lambda line: line.value("cost_fen"))
    _print_lines(lines, console, "Frontier against the baselines")
    print_goal([goal_fen], console)


def print_runs(results: Sequence[RunResult | Row], console: Console) -> None:
    """Print one line per simulated policy; takes runs or rows of `runs`."""
    rows = _rows(results)
    lines = run_lines(rows)
    _print_lines(lines, console, f"{len(rows)} simulated run{'' if len(rows) == 1 else 's'}")
    print_goal((row.get("target_fen") for row in rows), console)
    for line in lines:
        ends = line.estimates["gmv_paid_fen"].worlds
        if ends is not None:
            low, high = (show("gmv_paid_fen", end) for end in ends)
            console.print(f"{line.policy}: mean GMV paid of a world from {low} to {high} bn RMB")
    if len({row["world"] for row in rows}) > 1:
        console.print(WORLDS_ALIKE, highlight=False)
    if replications_count(rows) == 1:
        console.print(ONE_REPLICATION)


def print_comparison(rows: Sequence[Row], console: Console) -> None:
    """Print paired differences, one block per policy."""
    rows = with_defined_returns(rows)
    for policy in dict.fromkeys(row["policy"] for row in rows):
        block = [row for row in rows if row["policy"] == policy]
        told = f"{pairs_note(block[0])}, common random numbers"
        title = f"{policy} against {block[0]['baseline']} ({told})"
        table = plain_table(title)
        table.add_column("Measure", overflow="fold")
        heads = ["Mean", "Baseline", "Difference", "95% interval", "Variance\nratio"]
        if block[0]["worlds_count"] > 1:
            heads[-1] = "By world"  # both do not fit in 80 columns
        for head in heads:
            table.add_column(head, justify="right", no_wrap=True)
        for row in block:
            cells = _comparison_cells(row)
            spread = show_limits(row["measure"], row["lowest_world"], row["highest_world"])
            table.add_row(*cells[:-1], spread if heads[-1] == "By world" else cells[-1])
        console.print()
        console.print(table)
    if rows and rows[0]["units_count"] == 1:
        console.print(ONE_REPLICATION)
    if any(row["measure"] == INCREMENTAL and row["difference"] is not None for row in rows):
        console.print(
            "Per RMB of subsidy: the subsidy's own only where policies differ in nothing else."
        )


def print_elasticities(monthly: pa.Table, console: Console) -> None:
    """Print how buyers answer to prices by month, a column of three figures a policy.

    One table after another where the terminal is too narrow for all policies side by side.
    """
    found = elasticities_by_month(monthly)
    months = [month for month, _ in found[0].months]
    title, columns = "Elasticities by month: own good / kind / market", []
    for one in found:
        by_month = dict(one.months)
        cells = [" ".join(signed(value, 2) for value in by_month[month]) for month in months]
        columns.append((one.policy, cells))
    widest = max(len(cell) for policy, cells in columns for cell in (policy, *cells))
    side_by_side = max(1, (console.width - _MONTH) // (widest + _GAP))
    for first in range(0, len(columns), side_by_side):
        part = columns[first : first + side_by_side]
        table = plain_table(title)
        table.add_column("Month", no_wrap=True, min_width=_MONTH)
        for policy, _ in part:
            table.add_column(policy, justify="right", overflow="fold")
        for row in zip(months, *(cells for _, cells in part), strict=True):
            table.add_row(*row)
        console.print()
        console.print(table)
        title = ""


def print_levers(rows: Sequence[Row], console: Console) -> None:
    """Print what is lost without each lever of the baseline, a line each: see `one_at_a_time`."""
    told = pairs_note(rows[0])
    table = plain_table(
        f"{rows[0]['baseline']} without one thing at a time ({told}, common random numbers)"
    )
    table.add_column("Without", overflow="fold")
    for measure in _OF_A_LEVER:
        table.add_column(f"{_HEADS[measure]}", justify="right", no_wrap=True)
        table.add_column("95% interval", justify="right", no_wrap=True)
    for policy in dict.fromkeys(row["policy"] for row in rows):
        found = {row["measure"]: row for row in rows if row["policy"] == policy}
        cells = [(show_change(m, found[m]["difference"]), _limits(found[m])) for m in _OF_A_LEVER]
        table.add_row(policy.removeprefix("without_"), *(cell for pair in cells for cell in pair))
    console.print()
    console.print(table)
    if rows[0]["units_count"] == 1:
        console.print(ONE_REPLICATION)


def print_ablation(rows: Sequence[Row], console: Console, policy: str) -> None:
    """Print what each mechanism's own measures lose or gain under a policy when it is off."""
    told = pairs_note(rows[0])
    title = f"Each mechanism off, against all on, under {policy}"
    table = plain_table(f"{title} ({told}, common random numbers)")
    table.add_column("Measure", overflow="fold")
    for head in ("All on", "Off", "Difference", "95% interval"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in dict.fromkeys(row["mechanism"] for row in rows):
        table.add_row(Text(f"{' '.join(split_name(name))}", style="bold"))
        for row in rows:
            if row["mechanism"] == name and row["is_own"]:
                measure, mean, base, difference, limits, _ = _comparison_cells(row)
                table.add_row(f"  {measure}", base, mean, difference, limits)
    console.print()
    console.print(table)


def plain_table(title: str) -> Table:
    """A table without a frame, its title at the left."""
    return Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )


def _rows(results: Sequence[RunResult | Row]) -> list[Row]:
    return [result.row if isinstance(result, RunResult) else result for result in results]


def _comparison_cells(row: Row) -> tuple[str, ...]:
    measure = row["measure"]
    words = [label(measure), unit(measure)]
    gain = row["variance_reduction"]
    return (
        ", ".join(word for word in words if word not in {"", "%"}),
        show(measure, row["mean"]),
        show(measure, row["baseline_mean"]),
        show_change(measure, row["difference"]),
        _limits(row),
        NONE if gain is None else f"{gain:.1f}",
    )


def _limits(row: Row) -> str:
    return show_limits(row["measure"], row["ci_low"], row["ci_high"])


def _print_lines(lines: Sequence[Line], console: Console, title: str) -> None:
    """Print one table if the terminal is wide, else what is reached and the balance apart."""
    if any(line.estimates["gmv_paid_fen"].half is not None for line in lines):
        title += " (± 95% interval)"
    parts = [(*_REACH, *_BALANCE)] if console.width >= WIDE_COLUMNS else [_REACH, _BALANCE]
    for part in parts:
        last = part is parts[-1]
        table = plain_table(title)
        table.add_column("Policy", overflow="fold", min_width=10)
        for measure in part:
            table.add_column(_HEADS[measure], justify="right", no_wrap=True)
        if last:
            table.add_column("Binding", overflow="fold")
        for line in lines:
            ends = [line.binding or NONE] if last else []
            table.add_row(_name(line), *(_cell(line, measure) for measure in part), *ends)
        if last and any(line.is_baseline for line in lines):
            table.caption = "* baseline"
        console.print()
        console.print(table)
        title = ""


def _name(line: Line) -> str:
    return f"*{line.policy}" if line.is_baseline else line.policy


def _cell(line: Line, measure: str) -> str:
    found = line.estimates[measure]
    half = found.half if measure.endswith("_fen") else None
    return show(measure, found.value, half)

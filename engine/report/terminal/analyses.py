"""What searches, calibrations, sensitivities, priors and benchmarks print at their end."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console

from engine.report.findings.benchmark import sections
from engine.report.findings.calibration import (
    HEADS,
    ROLE_HEADS,
    figure_cells,
    fit_sentences,
    scorecard,
)
from engine.report.findings.search import SearchTold, choice
from engine.report.findings.sensitivity import (
    CHANGES_NOTE,
    NAMED_FACTORS,
    SHARES_NOTE,
    moved_sentences,
    sensitivity_blocks,
)
from engine.report.findings.world_agreement import across_sentences
from engine.report.formatting import NONE, percent, signed
from engine.report.read.calibration import CalibrationSummary
from engine.report.terminal.policies import WIDE_COLUMNS, plain_table
from engine.results.schemas import Row


def print_search(
    frontier: Sequence[Row], rungs: Sequence[Row], trials: Sequence[Row], console: Console
) -> None:
    """Print what a search recommends, how sure that is, and how it looked at policies."""
    _print_choice(frontier, console)
    _print_rungs(rungs, trials, console)


def _print_choice(rows: Sequence[Row], console: Console) -> None:
    """Print which policy is recommended and how sure that is; nothing if none is."""
    said = choice(rows)
    if said:
        console.print()
        console.print(said, highlight=False)


def _print_rungs(rows: Sequence[Row], trials: Sequence[Row], console: Console) -> None:
    """Print how far each rung of the search ranks as its top does, and what sampling took."""
    heads, lines, said = SearchTold(rows, trials).rung_table()
    if len({row["rung"] for row in rows}) > 1:
        table = plain_table("Rungs of the search: rank correlation with the top, without noise")
        for head in heads:
            table.add_column(head, justify="right")
        for cells in lines:
            table.add_row(*cells)
        console.print()
        console.print(table)
    console.print(f"\n{said}", highlight=False)


def print_calibration(found: CalibrationSummary, answers: Sequence[Row], console: Console) -> None:
    """Print every figure with what was simulated for it, hits and misses alike."""
    table = plain_table("What was observed, and what the best world shows")
    table.add_column("Figure", overflow="fold")
    heads = {"observed": "Observed", "simulated": "Simulated", "interval": "80 %\ninterval"}
    heads |= {"miss": "Miss\nsd", "verdict": ""}
    if console.width < WIDE_COLUMNS:
        del heads["interval"]
    for head in heads.values():
        table.add_column(head, justify="right", no_wrap=True)
    for role in found.roles:
        if found.of(role):
            table.add_row(ROLE_HEADS[role], style="bold")
        for one in found.of(role):
            cells = figure_cells(one)
            table.add_row(f"  {one.name}", *(cells[name] for name in heads))
    console.print()
    console.print(table)
    if console.width >= WIDE_COLUMNS:
        _print_scorecard(found, console)
    for sentence in (*fit_sentences(found), *across_sentences(answers)):
        console.print(sentence, highlight=False, markup=False)
    if found.unmodelled:
        pairs = ((row["key"], row["period"]) for row in found.unmodelled)
        names = "; ".join(", ".join(filter(None, pair)) for pair in pairs)
        console.print(f"Not modelled: {names}.", highlight=False, markup=False, style="dim")


def _print_scorecard(found: CalibrationSummary, console: Console) -> None:
    """Print the figures that are no input, with what the yardsticks say."""
    table = plain_table("Scorecard: figures that are no input")
    for place, head in enumerate(HEADS):
        justify = "right" if place in {1, 2, 4, 6, 7} else "left"
        table.add_column(head, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for score in scorecard(found):
        table.add_row(*score)
    console.print()
    console.print(table)


def print_sensitivity(rows: Sequence[Row], console: Console) -> None:
    """Print what moves each measure most, which way, and by how much."""
    found = sensitivity_blocks(rows)
    shown = [(block, block.factors[: 2 * NAMED_FACTORS] * block.is_known) for block in found]
    has_limits = any(one.low is not None for _, factors in shown for one in factors)
    with_limits = " (± 95% interval)" if has_limits else ""
    table = plain_table(f"What moves the measures{with_limits}")
    # Names are typed into commands: they stay whole, and the words beside them wrap.
    longest = max((len(factor.name) for _, factors in shown for factor in factors), default=0)
    table.add_column("Measure, factor", min_width=longest + len("  "), overflow="fold")
    is_search = all(block.of == "search" for block in found)
    share = "Importance" if is_search else "Share of\nvariance"
    table.caption = CHANGES_NOTE + ("" if is_search else SHARES_NOTE)
    for head in ("From low\nto high", "Changes\nit by", share, "Alone"):
        table.add_column(head, justify="right", overflow="fold")
    for block, factors in shown:
        table.add_row(block.title, style="bold")
        for factor in factors:
            table.add_row(f"  {factor.name}", factor.range_text or NONE, *factor.texts)
        if not factors:
            table.add_row("  nothing moves it" if block.is_known else "  not enough runs")
        if block.noise is not None:
            table.add_row("  noise", "", "", percent(block.noise))
    console.print()
    console.print(table)
    for sentence in moved_sentences(rows):
        console.print(sentence, highlight=False, markup=False)


def print_priors(rows: Sequence[Row], console: Console) -> None:
    """Print every estimate beside its figure, how many agree, and what was not estimated."""
    estimated = [row for row in rows if not row["reason"]]
    table = plain_table("Demand priors: published and estimated anew (± standard error)")
    table.caption = "LL has no standard error: it depends on the draws, which are not published"
    table.add_column("Parameter", overflow="fold")
    for head in ("Published", "Estimated", "Difference\nin s.e."):
        table.add_column(head, justify="right", no_wrap=True)
    for (dataset, model), group in groupby(estimated, _model):
        table.add_row(f"{dataset}: {model}", style="bold")
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


def print_benchmark(rows: Sequence[Row], console: Console) -> None:
    """Print every section, for terminals of 80 columns and up."""
    for section in sections(rows):
        table = plain_table("")
        table.show_header = any(section.heads)
        table.add_column(section.heads[0], overflow="fold")
        for head in section.heads[1:]:
            table.add_column(head, justify="right", overflow="fold")
        for line in section.lines:
            table.add_row(*line)
        console.print()
        console.print(section.title, style="italic", highlight=False, markup=False)
        console.print(table)
        if section.note:
            console.print(section.note, style="dim", highlight=False, markup=False)


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

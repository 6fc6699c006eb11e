"""What suite `search` found, as tables: how far each method gets, and what that takes."""

from collections.abc import Sequence
from typing import Final

from engine.report.sections import Section, groups, on
from engine.report.words import NONE
from engine.results.schemas import Row

_PROBLEMS: Final = {
    "budget_split": "Budget split",
    "coupon_knapsack": "Coupon knapsack",
    "two_sided": "Two-sided market",
    "zdt1": "ZDT1 with noise",
    "zdt2": "ZDT2 with noise",
    "market": "The market",
}
"""What suite `search` searches."""

_METHODS: Final = {"poquan": "Poquan", "random": "Random", "tpe": "TPE", "nsga2": "NSGA-II"}

_RATIOS: Final = ("sessions_ratio", "seconds_ratio")


def volumes(rows: Sequence[Row]) -> Section:
    """Of each method: the volume that its front covers, and how often its choice is feasible."""
    lines = []
    for problem, word in _PROBLEMS.items():
        found = groups(on(rows, problem), "subject")
        if found:
            covered = [f"{found[own]['volume_share']['value']:.2f}" for own in _METHODS]
            held = [_held(found[own]["infeasible_share"]) for own in _METHODS]
            lines.append((word, *(f"{v}  {h}" for v, h in zip(covered, held, strict=True))))
    title = "Covered by the front in truth, and P(recommended is feasible)"
    note = "1.00: the true front; in the market all methods' fronts together. Medians over seeds."
    return Section(
        title, ("Problem", *(f"{word}\ncovered  P" for word in _METHODS.values())), lines, note
    )


def efforts(rows: Sequence[Row]) -> Section:
    """What this search needs to get as far as the best plain method at its end."""
    lines = []
    for problem, word in _PROBLEMS.items():
        own = [row for row in on(rows, problem) if row["measure"] in _RATIOS]
        if own:
            by_measure = {row["measure"]: row for row in own}
            method = _METHODS[own[0]["subject"]]
            cells = (_ratio(by_measure[measure]) for measure in _RATIOS)
            lines.append((word, method, *cells, str(own[0]["runs_count"])))
    heads = ("Problem", "Best\nplain", "Sessions\n≤ 0.1", "Seconds\n≤ 0.33", "Seeds")
    title = "Needed to get as far as the best plain one, as shares of its own: median (range)"
    return Section(title, heads, lines)


def _ratio(row: Row) -> str:
    """Return median, lowest and highest over seeds."""
    shown = [_or_never(row[name]) for name in ("value", "lowest", "highest")]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def _or_never(value: float) -> str:
    return "never" if value == float("inf") else f"{value:.2f}"


def _held(row: Row) -> str:
    return NONE if row["value"] is None else f"{1 - row['value']:.2f}"

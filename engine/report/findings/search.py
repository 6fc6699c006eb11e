"""What a search recommends, how sure that is, and what the search itself was made of."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from engine.report.formatting import NONE, label, show
from engine.results.schemas import Row

_RISK_NAMES: Final = {
    "cvar": "mean of the worst runs",
    "worst_world": "in its worst world",
    "regret": "most missed in a world",
}
"""What the first goal could count, by the end of its column's name."""


_RUNG_DETAILS: Final = (
    "Buyers",
    "Worlds × runs",
    "Figure",
    "Rank correlation as seen",
    "Reliability here",
    "On the top",
    "Corrected",
    "Chooses",
)
"""Heads of `_rung_details`."""


def choice(rows: Sequence[Row]) -> str:
    """Say in a sentence or two which policy is recommended, and how sure that is."""
    best = next((row for row in rows if row.get("is_recommended")), None)
    if best is None:
        return ""
    measure = _first_goal(best)
    found = f"{label(measure)} {show(measure, best[measure])}{_unit(measure)}"
    held = f"P(all constraints hold) {best['p_feasible']:.2f}"
    words = [f"Recommended by the first goal: {best['policy']}, {found}. {held}."]
    count = best["choices_count"]
    if count == 1:
        words.append("No other finalist holds them as surely.")
    else:
        cost = show(measure, best[f"{measure}_opportunity_cost"])
        words.append(
            f"P(best of the {count} finalists that hold them) {best['p_correct']:.2f};"
            f" expected loss against the best of them {cost}{_unit(measure)}."
        )
    return " ".join(words)


def _first_goal(row: Row) -> str:
    """Return the first goal's measure, which alone has an opportunity cost."""
    end = "_opportunity_cost"
    return next(name.removesuffix(end) for name in row if name.endswith(end))


def risk_table(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return what the first goal is by what it could count, and how surely constraints hold."""
    if not rows or "p_feasible" not in rows[0]:
        return None
    measure = _first_goal(rows[0])
    names = [measure, *(f"{measure}_{risk}" for risk in _RISK_NAMES)]
    of = f",{_unit(measure)}" if _unit(measure) else ""
    heads = [f"{label(measure)}, mean{of}", *_RISK_NAMES.values(), "Runs", "All hold"]
    lines = [
        (
            row["policy"],
            row["is_recommended"],
            [
                *(show(measure, row[name]) for name in names),
                str(row["runs_count"]),
                f"{row['p_feasible']:.2f}",
            ],
            _weakest(row),
        )
        for row in rows
    ]
    return {"heads": heads, "rows": lines}


def _weakest(row: Row) -> str:
    """Name the constraint that is least surely held."""
    start = "p_feasible."
    shares = {name.removeprefix(start): row[name] for name in row if name.startswith(start)}
    name = min(shares, key=shares.__getitem__, default="")
    return f"{name} {shares[name]:.2f}" if name and shares[name] < 0.995 else ""


class SearchTold(NamedTuple):
    """What a search was made of, from its rows of `rungs` and of `trials`."""

    rungs: Sequence[Row]
    trials: Sequence[Row]

    def rung_table(self) -> tuple[list[str], list[list[str]], str]:
        """Return the heads of the table of rungs, a line for each, and what choosing took."""
        named = [row for row in self.rungs if row["rung"] == 0]
        heads = ["Buyers", "Worlds × runs", *(_word(row) for row in named), "May drop"]
        return heads, _rung_rows(self.rungs), _sampling(self.trials)

    def details(self) -> tuple[tuple[str, ...], list[list[str]]]:
        """Return heads and lines of how each figure's ranks agree, if there are several rungs."""
        several = self._is_timed() and len({row["rung"] for row in self.rungs}) > 1
        return _RUNG_DETAILS, _rung_details(self.rungs) if several else []

    def sampling(self) -> str:
        """Say what share of the search's own computing time chose what to try."""
        return _sampling(self.trials) if self._is_timed() else ""

    def _is_timed(self) -> bool:
        return bool(self.trials) and "sampler_s" in self.trials[0]


def _rung_details(rows: Sequence[Row]) -> list[list[str]]:
    """Return a line for each figure on each rung below the top: how its ranks agree."""
    top = max(row["rung"] for row in rows)
    names = "rank_correlation", "reliability", "top_reliability", "corrected_correlation"
    return [
        [
            *_sample(row),
            _word(row),
            *(_share(row[name]) for name in names),
            "yes" if row["trusted"] and row["told_apart"] else "no",
        ]
        for row in rows
        if row["rung"] < top
    ]


def _rung_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Return a line for each rung: its sample, its correlations, and what it is used for."""
    lines = []
    for rung in sorted({row["rung"] for row in rows}):
        own = [row for row in rows if row["rung"] == rung]
        is_top = rung == max(row["rung"] for row in rows)
        goals = [row for row in own if row["role"] == "goal"]
        trusted = all(row["trusted"] for row in goals) and any(r["told_apart"] for r in goals)
        use = "top" if is_top else "yes" if trusted else "no: left out"
        lines.append([*_sample(own[0]), *(_correlation(row) for row in own), use])
    return lines


def _sampling(trials: Sequence[Row]) -> str:
    """Say what share of the search's own computing time chose what to try."""
    chose = sum(row["sampler_s"] for row in trials)
    ran = sum(row["wall_s"] for row in trials)
    share = 100 * chose / (chose + ran) if chose + ran else 0.0
    text = (
        f"Choosing what to try took {chose:.1f} s, simulating it {ran:.0f} s of a core"
        f" ({share:.0f}% choosing)."
    )
    return (
        f"{text} A quicker sampler, search=nsga2, would leave more for it." if chose > ran else text
    )


def _correlation(row: Row) -> str:
    """Return the corrected correlation; “noise” where the top tells nobody apart."""
    is_noise = row["rank_correlation"] is not None and not row["told_apart"]
    return "noise" if is_noise else _share(row["corrected_correlation"])


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _sample(row: Row) -> list[str]:
    worlds, runs = row["worlds_count"] or NONE, row["replications_count"]
    return [f"{100 * row['population_share']:g}%", f"{worlds} × {runs}"]


def _word(row: Row) -> str:
    return f"{label(row['measure'])}{'' if row['role'] == 'goal' else ' (limit)'}"


def _unit(measure: str) -> str:
    return " bn RMB" if measure.endswith("_fen") else ""

"""A calibration read back from its rows: what each figure was, and what was simulated for it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from engine.calibrate.driver import INERT, NO_POINT, UNKNOWN
from engine.calibrate.identify import Identified, correlated_unknowns, identified
from engine.calibrate.measures import measures_of
from engine.calibrate.observed import CHECK, FIT
from engine.calibrate.targets import FORECAST
from engine.report.figure_names import figure_label
from engine.report.read.results_model import setting
from engine.results.schemas import Row

_TIED: Final = 0.5
"""Correlation from which a pair of unknowns is named."""


class FigureSummary(NamedTuple):
    """One figure: what was observed, the best world's value, and what is predicted of it.

    Between `low` and `high` lie 80 % of what is predicted, around `median`; `coverage` is the share
    of hidden worlds whose interval held it. Between `prior_low` and `prior_high` lies what the
    ranges of the unknowns alone predict, and between `coupon_low` and `coupon_high` a coupon's
    return if this figure is all that is known. `by_line` and `as_last` are the yardsticks.
    `is_input` says that the scenario's own numbers give it.
    """

    key: str
    period: str
    reading: str
    unit: str
    role: str
    observed: float | None
    tolerance: float | None
    simulated: float
    error: float | None
    low: float
    median: float
    high: float
    miss: float | None
    inert: bool
    is_input: bool
    bound: int
    coverage: float | None
    by_line: float | None
    as_last: float | None
    prior_low: float | None
    prior_high: float | None
    coupon_low: float | None
    coupon_high: float | None

    @property
    def is_hit(self) -> bool | None:
        """Whether the best world's value lies within the tolerance; None without a tolerance."""
        if self.observed is None or self.tolerance is None:
            return None
        off = self.simulated - self.observed
        return off * self.bound > 0 or abs(off) <= self.tolerance

    @property
    def is_held(self) -> bool | None:
        """Whether the interval holds the figure, or reaches the right side of a bound."""
        if self.observed is None:
            return None
        reaches_up, reaches_down = self.observed <= self.high, self.low <= self.observed
        return (reaches_up or self.bound < 0) and (reaches_down or self.bound > 0)

    @property
    def name(self) -> str:
        """What tells the figure from the others."""
        reading = f" ({self.reading})" if self.reading else ""
        called = f"{figure_label(self.key)}{reading}"
        return f"{called}, {self.period}" if self.period else called


class CalibrationSummary(NamedTuple):
    """All that a report says of a calibration.

    `confirmed_count` points were run again in fresh replications; `kept_count` of them are
    plausible if `any_plausible`, else those that miss least.
    """

    figures: list[FigureSummary]
    unmodelled: list[Row]
    points_count: int
    confirmed_count: int
    kept_count: int
    any_plausible: bool
    worst: float
    second_worst: float
    cutoff: float
    hidden_worlds: int
    unknowns: list[Identified]
    pairs: list[tuple[str, str, float]]

    def of(self, role: str) -> list[FigureSummary]:
        """Return the figures of one role."""
        return [one for one in self.figures if one.role == role]

    @property
    def fitted(self) -> list[FigureSummary]:
        """Figures that were fitted to within a tolerance, and that no input gives."""
        return [one for one in self.of(FIT) if not one.is_input and one.tolerance]

    @property
    def unseen(self) -> list[FigureSummary]:
        """Figures that the fit did not see, that no input gives and some unknown moves."""
        return [one for one in self.of(CHECK) if not one.is_input and not one.inert]

    @property
    def roles(self) -> list[str]:
        """Roles in the order in which they are shown."""
        return list(dict.fromkeys([FIT, CHECK, *(one.role for one in self.figures), FORECAST]))


def read_fit(rows: Sequence[Row], config: dict[str, Any]) -> CalibrationSummary:
    """Sum up the rows of `calibration`; the job's config knows the ranges."""
    points = [row for row in rows if row["point"] != NO_POINT]
    best = [row for row in points if row["best"]]
    kept = [row for row in points if row["kept"]]
    one = (best[0]["key"], best[0]["period"], best[0]["reading"])
    worlds = [row for row in kept if (row["key"], row["period"], row["reading"]) == one]
    names = [name for name in best[0] if name.startswith(UNKNOWN)]
    values = {name.removeprefix(UNKNOWN): [row[name] for row in worlds] for name in names}
    ranges = _ranges(config)
    return CalibrationSummary(
        figures=[_shown(row) for row in best],
        unmodelled=[row for row in rows if row["point"] == NO_POINT],
        points_count=len({row["point"] for row in points}),
        confirmed_count=len({row["point"] for row in points if row["confirmed"]}),
        kept_count=len(worlds),
        any_plausible=any(row["plausible"] for row in points),
        worst=best[0]["worst_miss"],
        second_worst=best[0]["second_worst_miss"],
        cutoff=setting(config, "fit", "cutoff"),
        hidden_worlds=best[0].get("hidden_worlds", 0),
        unknowns=identified(values, ranges),
        pairs=correlated_unknowns(values, _TIED),
    )


def _shown(best: Row) -> FigureSummary:
    told = ("key", "period", "reading", "unit", "role", "observed", "tolerance", "bound")
    same = (*told, "simulated", "low", "median", "high", "miss", "coverage")
    measures = measures_of(best["key"])
    return FigureSummary(
        **{name: best[name] for name in same},
        error=best["standard_error"],
        inert=best["note"] == INERT,
        is_input=any(measure.is_input for measure in measures),
        by_line=best.get("by_line"),
        as_last=best.get("as_last"),
        prior_low=best.get("prior_low"),
        prior_high=best.get("prior_high"),
        coupon_low=best.get("coupon_low"),
        coupon_high=best.get("coupon_high"),
    )


def _ranges(config: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the ranges of the unknowns by dotted path, as the job's config holds them."""
    from engine.spec.calibration import Unknowns

    unknowns = Unknowns.model_validate(config["unknowns"])
    return {name: limits.model_dump() for name, limits in unknowns.ranges.items()}

"""A simulated year, cut by days and months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.periods import Span
from engine.spec.scenario import Scenario
from engine.units import Kind
from engine.year import Year

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """One year with its details, the scenario it comes from, and its price elasticity if known."""

    scenario: Scenario
    year: Year
    elasticity: float = 0.0

    @property
    def horizon(self) -> Span:
        """All days."""
        return Span(self.scenario.calendar.start, self.scenario.calendar.end)

    def days(self, column: str, span: Span) -> Floats:
        """A column of `daily` over a span."""
        return np.asarray(self.year.daily[column][self._slice(span)], np.float64)

    def total(self, column: str, span: Span) -> float:
        """Sum of a flow."""
        return float(self.days(column, span).sum())

    def total_of_kinds(self, column: str, span: Span, kinds: Sequence[Kind]) -> float:
        """Sum of a flow of some kinds of supplier."""
        return float(self.year.segments[column][self._slice(span)][:, list(kinds)].sum())

    def monthly(self, column: str, span: Span, *, after: bool = False) -> float:
        """Mean over the months that a span touches; `after` takes the month after each.

        Months after the horizon's last are left out.
        """
        values = self.year.monthly[column]
        first, last = (self._month(day) + after for day in span)
        return float(np.mean(values[min(first, len(values) - 1) : last + 1]))

    def guests_gmv_fen(self, span: Span) -> float:
        """Expected GMV as paid of the guests who stream on the days of a span."""
        streams = self.scenario.calendar.trial_streams
        gmv = self.year.anchors["expected_gmv_fen"]
        own = gmv[len(gmv) - len(streams) :]  # guests come last
        return float(
            sum(
                amount
                for amount, stream in zip(own, streams, strict=True)
                if span.first <= stream.day <= span.last
            )
        )

    def _slice(self, span: Span) -> slice:
        start = self.scenario.calendar.start
        return slice((span.first - start).days, (span.last - start).days + 1)

    def _month(self, day: date) -> int:
        start = self.scenario.calendar.start
        return 12 * (day.year - start.year) + day.month - start.month

"""Periods as people write them, and how figures are read off a simulated run on their days."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

import numpy as np

from engine.case import RunResult
from engine.spec.calibration import NO_PROBES, Probes
from engine.spec.scenario import Scenario
from engine.stats.arrays import Floats

FORMS: Final = (
    "2020, H1 2020, Q2 2020, 9M 2020, May 2020, 10 May 2020, mid 2020, late 2020,"
    " 2020-05, 2020-05-10, 2020-Q2, 2020-01 to 2020-05"
)

_MONTHS: Final = {name.lower(): k for k, name in enumerate(calendar.month_abbr) if name}

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")
_ISO_PART: Final = re.compile(r"(\d{4})-([hq]\d)")
_PARTS: Final = {
    "": (1, 12),
    "h1": (1, 6),
    "h2": (7, 12),
    "9m": (1, 9),
    "early": (1, 3),
    "mid": (5, 8),
    "late": (10, 12),
} | {f"q{k}": (3 * k - 2, 3 * k) for k in (1, 2, 3, 4)}
"""First and last month of a part of a year; `mid` is the four months around its middle."""


class Span(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date


def spans(text: str) -> tuple[Span, ...]:
    """Return the days that a period means; two spans for `Aug 2020 vs Jan 2020`.

    Words after the year, such as a place, are passed over.

    Raises
    ------
    ValueError
        If it is not written in one of `FORMS`.
    """
    return tuple(_span(part.strip()) for part in re.split(r"\bvs\.?\s", text))


def _span(text: str) -> Span:
    begin, to, end = text.partition(" to ")
    if to:
        return Span(_span(begin.strip()).first, _span(end.strip()).last)
    words = _ISO_PART.sub(r"\2 \1", text.lower()).split()
    if words and (found := _ISO.fullmatch(words[0])):
        return _iso_span(text, int(found[1]), int(found[2]), int(found[3] or 0))
    place = next((k for k, word in enumerate(words) if re.fullmatch(r"\d{4}", word)), None)
    if place is None:
        raise ValueError(f"{text!r} names no year")
    year, before = int(words[place]), words[:place]
    if len(before) == 2 and before[0].isdecimal() and before[1][:3] in _MONTHS:
        day = date(year, _MONTHS[before[1][:3]], int(before[0]))
        return Span(day, day)
    part = before[0] if before else ""
    if not 1 <= year <= 9999:
        raise ValueError(f"{text!r} names no year")
    if len(before) > 1 or (part not in _PARTS and part[:3] not in _MONTHS):
        raise ValueError(f"{text!r} is not understood")
    first, last = _PARTS.get(part) or (_MONTHS[part[:3]], _MONTHS[part[:3]])
    return Span(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _iso_span(text: str, year: int, month: int, day: int) -> Span:
    """The days of `2020-05`, where the day is 0, or of `2020-05-10`."""
    try:
        first = date(year, month, day or 1)
    except ValueError:
        raise ValueError(f"{text!r} is no date") from None
    last = day or calendar.monthrange(year, month)[1]
    return Span(first, date(year, month, last))


@dataclass(frozen=True)
class RunReader:
    """One run with its details, the scenario it comes from, and the experiments made in it.

    Amounts are in fen, counts are of people and orders of the whole platform.
    """

    scenario: Scenario
    result: RunResult
    probes: Probes = NO_PROBES

    @property
    def horizon(self) -> Span:
        """All days."""
        return Span(self.scenario.calendar.start, self.scenario.calendar.end)

    def days(self, column: str, span: Span) -> Floats:
        """A column of `daily` over a span, (days,) float64, in the column's unit."""
        return np.asarray(self.result.daily[column][self._slice(span)], np.float64)

    def total(self, column: str, span: Span) -> float:
        """Sum of a column of `daily` over a span: a flow such as `gmv_fen`."""
        return float(self.days(column, span).sum())

    def total_of_kinds(self, column: str, span: Span, role: str) -> float:
        """Sum of a flow over a span and the kinds of supplier with a role, in the column's unit.

        Parameters
        ----------
        column
            Of `segments`.
        span
            Days, both ends included.
        role
            Of `engine.spec.kinds.Kind`, as `is_brand`.
        """
        kinds = np.array(self.scenario.kinds_that(role))
        return float(self.result.segments[column][self._slice(span)][:, kinds].sum())

    def monthly(self, column: str, span: Span, *, after: bool = False) -> float:
        """Mean of a column of `monthly` over the months that a span touches.

        `after` takes the month after each.

        Months after the horizon's last are left out.
        """
        values = self.result.monthly[column]
        first, last = (self._month(day) + after for day in span)
        return float(np.mean(values[min(first, len(values) - 1) : last + 1]))

    def active_buyers(self, span: Span) -> float:
        """People who bought before the first day, or from then to the end of a span."""
        buyers = self.scenario.buyers
        there = self.scenario.platform.pool_count * (1.0 - buyers.newcomers_share)
        before = there * buyers.bought_before_share
        return before + self.total("new_buyers_count", Span(self.horizon.first, span.last))

    def guests_gmv_fen(self, span: Span) -> float:
        """Expected GMV as paid of the guests who stream on the days of a span."""
        streams = self.scenario.calendar.trial_streams
        gmv = self.result.anchors["expected_gmv_fen"]
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


Read = Callable[[RunReader, tuple[Span, ...]], float]
"""Takes a run and the periods of a figure, and returns its value in the figure's unit."""

_FigureKind = Literal["level", "growth", "share", "elasticity", "elsewhere"]
"""What sort of figure: how far a model that is right in the main may be off it."""


class FigureMeasure(NamedTuple):
    """How a figure is read.

    `read` takes a run and the periods; `unit` is how the observed unit must begin, `¤` in it the
    scenario's currency;
    `spans_count` the periods it takes, 0 for the whole horizon whatever the row says; `reading`
    tells two readings of one key apart; `probe` says which experiments it needs; `is_input`
    that the scenario's own numbers give it, so that to meet it proves nothing.
    """

    unit: str
    says: str
    read: Read
    spans_count: int = 1
    reading: str = ""
    kind: _FigureKind = "level"
    probe: Literal["", "dates", "voucher"] = ""
    is_input: bool = False

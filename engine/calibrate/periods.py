"""Periods as people write them, and the days that they mean."""

import calendar
import re
from datetime import date
from typing import Final, NamedTuple

FORMS: Final = "2020, H1 2020, Q2 2020, 9M 2020, May 2020, 10 May 2020, mid 2020, late 2020"

_MONTHS: Final = {name.lower(): k for k, name in enumerate(calendar.month_abbr) if name}
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
    words = text.lower().split()
    place = next((k for k, word in enumerate(words) if re.fullmatch(r"\d{4}", word)), None)
    if place is None:
        raise ValueError(f"{text!r} names no year")
    year, before = int(words[place]), words[:place]
    if len(before) == 2 and before[0].isdecimal() and before[1][:3] in _MONTHS:
        day = date(year, _MONTHS[before[1][:3]], int(before[0]))
        return Span(day, day)
    part = before[0] if before else ""
    if len(before) > 1 or (part not in _PARTS and part[:3] not in _MONTHS):
        raise ValueError(f"{text!r} is not understood")
    first, last = _PARTS.get(part) or (_MONTHS[part[:3]], _MONTHS[part[:3]])
    return Span(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))

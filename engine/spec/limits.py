"""Limits as they are written: a number in the measure's own unit, or a number and a unit.

A measure's own unit is the suffix of its name: fen, a share of one, a count. A limit may be
written in the unit in which tables show it, as `5 bn RMB`, `0.3 %` or `2 million`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from engine.measures.periods import split_measure

_SMALLEST_FEN: Final = 100.0
"""An amount of money below one RMB that is not 0 is hardly what was meant."""

_UNITS: Final[dict[str, dict[str, str]]] = {
    "_fen": {"RMB": "1e2", "million RMB": "1e8", "bn RMB": "1e11"},
    "_share": {"%": "0.01"},
    "_attained": {"%": "0.01"},
    "_count": {"thousand": "1e3", "million": "1e6", "bn": "1e9"},
}
"""By suffix of the measure's name, units with their size in the measure's own unit."""

_RMB: Final = re.compile(r"\bRMB\b")
_LIMIT: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


def in_currency(text: str, currency: str) -> str:
    """Return what is shown with the scenario's currency, where this package's words say RMB."""
    return _RMB.sub(lambda _: currency, text) if currency != "RMB" else text


def in_words(text: str, currency: str, words: Mapping[str, str]) -> str:
    """Return what is shown in the scenario's currency and words; the longest phrases first."""
    text = in_currency(text, currency)
    if not words:
        return text
    known = sorted(words, key=len, reverse=True)
    found = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in known))
    return found.sub(lambda at: words[at[0]], text)


def limit_of(written: str, measure: str) -> float:
    """Return a limit in the measure's own unit: `5 bn RMB` of an amount is 5e11 fen.

    Raises
    ------
    ValueError
        If it is no number with a unit of the measure.
    """
    found = _LIMIT.fullmatch(written)
    units = _units(measure)
    if found is None:
        raise ValueError(f"no number{f' with a unit: {_listed(units)}' if units else ''}")
    number, unit = Decimal(found[1]), " ".join(found[2].split())
    if not unit:
        return float(number)
    if unit not in units:
        known = f"write {_listed(units)}, or leave it out" if units else "it has none"
        raise ValueError(f"{unit!r} is no unit of {measure}; {known}")
    return float(number * Decimal(units[unit]))


def small_limit_note(where: str, measure: str, limit: float | None) -> str | None:
    """Say what an amount of money below one RMB is, and how a large one is written."""
    is_money = split_measure(measure)[0].endswith("_fen")
    if not is_money or limit is None or not 0 < abs(limit) < _SMALLEST_FEN:
        return None
    return f"{where} is {limit:g} fen; for {limit:g} bn RMB write '{limit:g} bn RMB'"


def _units(measure: str) -> dict[str, str]:
    name = split_measure(measure)[0]
    return next((units for end, units in _UNITS.items() if name.endswith(end)), {})


def _listed(units: dict[str, str]) -> str:
    *others, last = units
    return f"{', '.join(others)} or {last}" if others else last

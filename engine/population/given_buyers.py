"""Columns of buyers in natural units, and what the records hold of them: there and back.

    activity, sensitivity   factor f       byte round(centre + unit ln f)
    impulse, taste          rank u         byte floor(256 u)
    habit, trust            share x        round(x * full)

Back gives the middle of what a number stands for, from which the same number is made again.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.population.buyers import (
    ACTIVITY_CENTRE,
    ACTIVITY_UNIT,
    BYTE_ONE,
    DAY_ZERO,
    FLAG_BOUGHT,
    FLAG_TIER3,
    HABIT_ONE,
    SENSITIVITY_CENTRE,
    SENSITIVITY_UNIT,
    Buyers,
)
from engine.population.given import Columns, Given

_Values = NDArray[Any]

LAST: Final = "last_{}_days"
"""Columns of days since the last purchase, by category."""


class _Coding(NamedTuple):
    """How a column is written into the records of buyers, and read from them."""

    write: Callable[[Buyers, _Values], None]
    read: Callable[[Buyers], _Values]


def put_buyers(
    buyers: Buyers, given: Given, names: tuple[str, ...], categories: Sequence[str] = ()
) -> None:
    """Write what is given of the named columns, and of those of the last purchases."""
    names = (*names, *map(LAST.format, categories))
    wanted = tuple(name for name in names if name in given.buyer_columns)
    if given.buyers is None or not wanted:
        return
    for batch in given.buyers(buyers.person.size, wanted):
        _write_columns(buyers, batch.first, batch.columns, categories)


def _write_columns(buyers: Buyers, first: int, columns: Columns, categories: Sequence[str]) -> None:
    """Write columns of buyers from number `first` on; the records are not copied."""
    for name, values in columns.items():
        _coding(name, categories).write(buyers.rows(first, first + values.size), values)


def read_column(buyers: Buyers, name: str, categories: Sequence[str]) -> _Values:
    """A column in its natural unit, such that writing it changes nothing."""
    return _coding(name, categories).read(buyers)


def _coding(name: str, categories: Sequence[str]) -> _Coding:
    own = _CODINGS.get(name)
    return own or _days_since([*map(LAST.format, categories)].index(name))


def _set_flag(buyers: Buyers, flag: int, values: _Values) -> None:
    flags = buyers.person["flags"]
    flags[:] = np.where(values, flags | np.uint8(flag), flags & np.uint8(0xFF ^ flag))


def _has_flag(buyers: Buyers, flag: int) -> _Values:
    return (buyers.person["flags"] & np.uint8(flag)) > 0


def _write_bought(buyers: Buyers, values: _Values) -> None:
    """Who never bought has no habit, unless one is given."""
    _set_flag(buyers, FLAG_BOUGHT, values)
    buyers.habit[~values.astype(np.bool_)] = 0


def _level(field: str, centre: float, unit: float) -> _Coding:
    def write(buyers: Buyers, values: _Values) -> None:
        levels = np.clip(np.round(centre + unit * np.log(values)), 0, 255)
        _column(buyers, field)[:] = levels.astype(np.uint8)

    def read(buyers: Buyers) -> _Values:
        return np.asarray(np.exp((_column(buyers, field) - centre) / unit))

    return _Coding(write, read)


def _rank(field: str) -> _Coding:
    def write(buyers: Buyers, values: _Values) -> None:
        buyers.person[field] = np.minimum(values * 256.0, 255.0).astype(np.uint8)

    return _Coding(write, lambda buyers: (buyers.person[field] + 0.5) / 256.0)


def _plain(field: str) -> _Coding:
    def write(buyers: Buyers, values: _Values) -> None:
        buyers.person[field] = values

    return _Coding(write, lambda buyers: buyers.person[field].astype(np.int64))


def _days_since(category: int) -> _Coding:
    def write(buyers: Buyers, values: _Values) -> None:
        buyers.person["bought"][:, category] = DAY_ZERO - values

    return _Coding(write, lambda b: DAY_ZERO - b.person["bought"][:, category].astype(np.int64))


def _column(buyers: Buyers, field: str) -> _Values:
    return np.asarray(buyers.activity if field == "activity" else buyers.person[field])


def _write_arrival(buyers: Buyers, values: _Values) -> None:
    buyers.seen[:] = DAY_ZERO + values


def _write_habit(buyers: Buyers, values: _Values) -> None:
    buyers.habit[:] = np.round(values * HABIT_ONE).astype(np.uint16)


def _write_trust(buyers: Buyers, values: _Values) -> None:
    buyers.person["trust"] = np.round(values * BYTE_ONE).astype(np.uint8)[:, None]


_CODINGS: dict[str, _Coding] = {
    "tier": _Coding(
        lambda buyers, values: _set_flag(buyers, FLAG_TIER3, values),
        lambda buyers: _has_flag(buyers, FLAG_TIER3).astype(np.uint8),
    ),
    "arrives": _Coding(_write_arrival, lambda buyers: buyers.seen.astype(np.int64) - DAY_ZERO),
    "activity": _level("activity", ACTIVITY_CENTRE, ACTIVITY_UNIT),
    "sensitivity": _level("sensitivity", SENSITIVITY_CENTRE, SENSITIVITY_UNIT),
    "impulse": _rank("impulse"),
    "taste": _rank("taste"),
    "income": _plain("income"),
    "budget": _plain("budget"),
    "trust": _Coding(_write_trust, lambda buyers: buyers.person["trust"][:, 0] / BYTE_ONE),
    "bought_before": _Coding(_write_bought, lambda buyers: _has_flag(buyers, FLAG_BOUGHT)),
    "habit": _Coding(_write_habit, lambda buyers: buyers.habit / HABIT_ONE),
}
"""By column, in the order in which they are written: habits after who bought."""

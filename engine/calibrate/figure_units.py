"""Units of observed figures: as people write them, in those that figures are read in.

`bn USD`, `USD bn` and `1.5` of `million USD` are one unit each with its size; the currency is the
scenario's. Words after the unit, as `per order`, are passed over.
"""

from typing import Final

CURRENCY: Final = "¤"
"""Stands in a measure's unit for the scenario's currency."""

_SIZES: Final = {"thousand": 1e3, "million": 1e6, "bn": 1e9}


def factor_of(written: str, unit: str, currency: str) -> float | None:
    """Return by what a figure in a written unit is multiplied to be in `unit`; None if it has none.

    Parameters
    ----------
    written : the unit of an observed figure.
    unit : of its measure, see `engine.calibrate.measures.FigureMeasure`.
    currency : of the scenario.
    """
    wanted = unit.replace(CURRENCY, currency)
    if written.startswith((wanted, _turned(wanted, currency))):
        return 1.0
    size, _, rest = wanted.partition(" ")
    if size not in _SIZES or (rest and rest != currency):
        return None
    own, others = _size(written, currency)
    return own / _SIZES[size] if own is not None and (not rest or others) else None


def shown_unit(unit: str, currency: str) -> str:
    """Return a measure's unit with the currency in it."""
    return unit.replace(CURRENCY, currency)


def _turned(wanted: str, currency: str) -> str:
    """`bn RMB` as `RMB bn`."""
    size, _, rest = wanted.partition(" ")
    return f"{currency} {size}" if rest == currency else wanted


def _size(written: str, currency: str) -> tuple[float | None, bool]:
    """Return the size word of a unit as a number, and whether the currency stands beside it."""
    has_currency = f" {currency} " in f" {written} "
    words = written.replace(currency, " ").split() if has_currency else written.split()
    if not words or words[0] not in _SIZES:
        return (1.0, True) if has_currency else (None, False)
    return _SIZES[words[0]], has_currency

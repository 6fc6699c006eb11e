"""How measures are called and written for people."""

from math import floor, isfinite, isnan, log10
from typing import Final

from engine.measures.periods import split_measure
from engine.measures.run_off import value_label
from engine.report.definitions import MEASURES
from engine.results.schemas import unit_of
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB

NONE: Final = "–"
"""Shown where a number is not known."""


_COUNTED: Final = frozenset({"new_heads_count", "coupon_short_days_count"})
"""Counts of a few things, shown as they are; all others are shown in millions."""


_MOST_DECIMALS: Final = 3
"""That a value gets so that the half width of its interval is not 0."""


_LEAST_TOLD: Final = 1e-6
"""In the unit that is shown: of anything smaller it is not told that it is not 0."""


def label(measure: str) -> str:
    """Return the measure's name for people; an unknown one keeps its column's name."""
    name, period = split_measure(measure)
    if name in MEASURES:
        return f"{MEASURES[name].label}, {period}" if period else MEASURES[name].label
    return value_label(measure) or measure


def split_name(mechanism: str) -> tuple[str, str]:
    """Turn a mechanism's name into its number and its words: `m01_x_y` is `M1`, `x y`."""
    first, _, rest = mechanism.partition("_")
    return f"M{first.lstrip('m0')}", rest.replace("_", " ")


def unit(measure: str) -> str:
    """Return the unit that `show` writes a measure in, or nothing."""
    if _is_per_order(measure):
        return "RMB"
    return {"fen": "bn RMB", "share": "%", "count": "million", "s": "s"}.get(_kind(measure), "")


def show(measure: str, value: float | None, half: float | None = None) -> str:
    """Write a value, and ± the half width of its interval, in the measure's unit."""
    if value is None:
        return NONE
    text = _with_half(measure, value, half, plus=measure == "dau_change_share")
    return f"{text}%" if _kind(measure) == "share" else text


def show_change(measure: str, value: float | None, half: float | None = None) -> str:
    """Write a difference with its sign; differences of shares are percentage points.

    With two significant digits at least, of the difference or of the wider half of its interval.
    """
    if value is None:
        return NONE
    text = _with_half(measure, value, half, plus=True)
    return f"{text} pp" if _kind(measure) == "share" else text


def _with_half(measure: str, value: float, half: float | None, *, plus: bool) -> str:
    """Write a value and ± a half width, which takes more decimals where it would be 0."""
    amount, decimals = scaled(measure, value), _decimals(measure, value)
    wide = scaled(measure, half or 0.0)
    if plus:
        decimals = max(decimals, _two_digits(max(abs(amount), wide)))
    if half is None:
        return signed(amount, decimals, plus=plus)
    while wide and decimals < _MOST_DECIMALS and not float(f"{wide:.{decimals}f}"):
        decimals += 1
    least = 10.0**-decimals
    told = f"{wide:.{decimals}f}" if not wide or wide >= least / 2 else f"<{least:.{decimals}f}"
    return f"{signed(amount, decimals, plus=plus)} ± {told}"


def show_limits(measure: str, low: float | None, high: float | None) -> str:
    """Write the limits of a difference with as many decimals each.

    Neither is 0 unless it is, and they are not alike unless they are.
    """
    if low is None or high is None:
        return NONE
    ends = [scaled(measure, limit) for limit in (low, high)]
    sizes = *map(abs, ends), abs(ends[1] - ends[0])
    decimals = max(_decimals(measure, max(abs(low), abs(high))), _two_digits(max(sizes)))
    while any(_is_hidden(size, decimals) for size in sizes):
        decimals += 1
    return " … ".join(signed(end, decimals, plus=True) for end in ends)


def scaled(measure: str, value: float) -> float:
    """Turn fen into bn RMB (or RMB per order), shares into per cent, counts into millions."""
    if _is_per_order(measure):
        return value / FEN_PER_RMB
    return value * {"fen": 1 / FEN_PER_BN_RMB, "share": 100, "count": 1e-6}.get(_kind(measure), 1)


def signed(value: float, decimals: int, *, plus: bool = False) -> str:
    """Write a number with a true minus sign; zero has none."""
    text = f"{value:+,.{decimals}f}" if plus else f"{value:,.{decimals}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def _decimals(measure: str, value: float) -> int:
    """Return about three significant figures' worth, fewer for shares."""
    size = abs(scaled(measure, value))
    if _kind(measure) == "share":
        return 0 if measure in {"target_attained", "budget_spent_share"} else 1
    if _kind(measure) == "1":
        return 3
    return 1 if size >= 10 or size < 0.0005 else 2 if size >= 0.0995 else 3


def _two_digits(size: float) -> int:
    """Return how many decimals show two significant digits; nothing needs none."""
    if not isfinite(size) or size < _LEAST_TOLD:
        return 0
    return max(1 - floor(log10(size)), 0)


def _is_hidden(size: float, decimals: int) -> bool:
    """Whether something is shown as 0 with so many decimals."""
    return size >= _LEAST_TOLD and not float(f"{size:.{decimals}f}")


def _kind(measure: str) -> str:
    """Return the unit behind a measure; a truth value is shown as a share."""
    if measure in _COUNTED:
        return "number"
    return "share" if measure == "target_attained" else unit_of(measure)


def _is_per_order(measure: str) -> bool:
    return measure == "aov_fen"


def label_inside(measure: str) -> str:
    """Return a measure's name as it stands inside a sentence."""
    name = label(measure)
    is_own = name[:2].isupper() or name.startswith("Gini")
    return name if is_own else name[0].lower() + name[1:]


def number(value: float | None) -> str:
    """Write a number with three or four significant digits."""
    if value is None:
        return NONE
    size = abs(value)
    return signed(value, 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3)


def percent(share: float | None) -> str:
    """Write a share as whole per cent; unknown (None or not-a-number) as a dash."""
    return NONE if share is None or isnan(share) else f"{100 * share:.0f}%"

"""A policy's name that says what it does: a few words for what differs from today's policy.

Of the differences the three come first that move furthest within the range that is worth
searching; coupon rates that agree are named together. The same policy has the same name. What is
said of a lever stands where it is declared (`engine.spec.base.Called`); another goes by its path.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.decision.inert import KNOTS, Difference
from engine.spec.base import Dated

_MOST: Final = 3
"""Differences that a name tells; of the others their number."""

_RATES: Final = "subsidy.rate."
_OTHER_PATH: Final = "another path to the target"


def policy_name(moved: Sequence[Difference]) -> str:
    """Return the name of a policy by its differences from today's; `as today` without any."""
    if not moved:
        return "as today"
    ranked = sorted(moved, key=lambda one: (-_size(one), one.path))
    told = list(_phrases(ranked))
    rest = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return ", ".join(told[:_MOST]) + rest


def lever_phrase(one: Difference) -> str:
    """Return what a policy does with one lever, in a few words."""
    if one.path.startswith(_RATES):
        return _rate_phrase([one])
    if one.path == KNOTS:
        return _OTHER_PATH
    lever, values = one.lever, _values(one.own)
    if lever is not None and lever.called.off and values == [lever.off]:
        return lever.called.off
    said = lever.called.at if lever is not None else ""
    return _from_to(said or f"{one.path} {{}}", values)


def _phrases(ranked: Sequence[Difference]) -> Iterator[str]:
    """Yield what is said of each difference, equal coupon rates once, where the first stands."""
    told: set[str] = set()
    for one in ranked:
        if one.path in told:
            continue
        alike = [one]
        if one.path.startswith(_RATES):
            rates = [other for other in ranked if other.path.startswith(_RATES)]
            alike = [other for other in rates if other.own == one.own]
            told |= {other.path for other in alike}
            yield _rate_phrase(alike)
        else:
            yield lever_phrase(one)


def _rate_phrase(alike: Sequence[Difference]) -> str:
    levers = {one.path.removeprefix(_RATES): one.lever for one in alike if one.lever}
    every = next(lever.kinds for lever in levers.values())
    named = [levers[kind].goods for kind in every if kind in levers]
    where = "everything" if len(named) == len(every) else _listed(named)
    values = _values(alike[0].own)
    return f"no coupon on {where}" if values == [0] else _from_to("{:%} on " + where, values)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _values(value: Any) -> list[Any]:
    return [step for _, step in value.steps] if isinstance(value, Dated) else [value]


def _from_to(said: str, values: Sequence[Any]) -> str:
    """Fill a phrase with a value, or with the lowest and highest of several."""
    ends = sorted({min(values), max(values)}) if len(values) > 1 else list(values)
    form = said[said.index("{") : said.index("}") + 1]
    if form == "{:%}":
        return said.replace(form, " to ".join(_number("{:.2g}", 100 * end) for end in ends) + " %")
    return said.replace(form, " to ".join(_number(form, end) for end in ends))


def _number(form: str, value: float) -> str:
    """A number in a form, but never as a power of ten where it is large."""
    text = form.format(value)
    return f"{value:,.0f}" if "e+" in text else text


def _size(one: Difference) -> float:
    """How far a lever is moved, as a share of the range that is worth searching."""
    lever = one.lever
    if lever is None or lever.choices:
        return 0.0
    low, high = lever.search
    own, was = (_values(value) for value in (one.own, one.was))
    return float(max(abs(own[0] - was[0]), abs(own[-1] - was[-1])) / (high - low))

"""Levers by path, e.g. `subsidy.rate.source`: which there are, and what a policy holds."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from engine.errors import InputError
from engine.spec.base import Dated
from engine.spec.explain import nearest
from engine.spec.levers import LEVERS, LeverEntry, policy_value
from engine.spec.policy import Policy
from engine.spec.space import Choice, SearchedLever

KNOTS: Final = "target.knots"


def lever_value(policy: Policy, path: str, day: date | None = None) -> Any:
    """Return the lever's value, or that on a day; without one, None if it changes over time."""
    value = policy_value(policy, path)
    if isinstance(value, Dated):
        if day is not None:
            return value.on(day)
        return value.steps[0][1] if len(value.steps) == 1 else None
    return value if isinstance(value, bool | str) else float(value)


def check_lever(path: str, lever: SearchedLever, known: Mapping[str, LeverEntry]) -> None:
    """Refuse a searched lever that the policy does not have, or not with such values.

    Raises
    ------
    InputError
        Naming the lever's own range.
    """
    where = f"space.levers.{path}"
    if path not in known:
        raise _unknown_lever(path, where)
    limits = known[path]
    if lever.dates and not limits.dated:
        raise InputError(
            where,
            f"{path} holds for the whole year: it takes no dates",
            "dates of levers that may change, such as subsidy.rate.source",
            f"leave {where}.dates out",
        )
    if lever.choices is not None:
        _check_choices(where, lever.choices, limits)
    elif limits.choices:
        allowed = ", ".join(map(str, limits.choices))
        raise InputError(
            where, "is no number: it has no bounds", allowed, f"give {where}.choices=[{allowed}]"
        )
    else:
        _check_bounds(where, lever, limits)


def _check_choices(where: str, choices: tuple[Choice, ...], limits: LeverEntry) -> None:
    allowed = ", ".join(map(str, limits.choices)) if limits.choices else _range(limits)
    for choice in choices:
        is_number = isinstance(choice, int | float) and not isinstance(choice, bool)
        is_known = (
            choice in limits.choices
            if limits.choices
            else is_number and limits.low <= float(choice) <= limits.high
        )
        if not is_known or (limits.integer and not float(choice).is_integer()):
            raise InputError(
                f"{where}.choices", f"{choice!r} is not in the lever's own range", allowed,
                f"take {choice!r} out",
            )  # fmt: skip


def _check_bounds(where: str, lever: SearchedLever, limits: LeverEntry) -> None:
    low, high = lever.bounds
    allowed = _range(limits)
    if low < limits.low or high > limits.high:
        raise InputError(
            where,
            f"the bounds {low:g} to {high:g} leave the lever's own range",
            allowed,
            f"set {where}.low={max(low, limits.low):g} {where}.high={min(high, limits.high):g}",
        )
    whole = low.is_integer() and high.is_integer()
    if (limits.integer or lever.integer) and not whole:
        raise InputError(
            where,
            f"the bounds {low:g} to {high:g} of a whole number are not whole",
            f"whole numbers {allowed}",
            "round the bounds",
        )


def _range(limits: LeverEntry) -> str:
    return f"from {limits.low:g} to {limits.high:g}"


def _unknown_lever(path: str, where: str) -> InputError:
    """Say that there is no such lever, and which is nearest."""
    known = LEVERS
    match = nearest(path, known)
    hint = f"did you mean {match}?" if match else f"choose one of {', '.join(known)}"
    if path == KNOTS or path.startswith(f"{KNOTS}."):
        hint = "set space.trajectory=true to search the knots"
    group = path.rpartition(".")[0]
    beside = [name for name in known if group and name.startswith(f"{group}.")] or list(known)
    return InputError(where, "the policy has no such lever", ", ".join(beside), hint)

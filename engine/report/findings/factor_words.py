"""What a factor of a sensitivity analysis is called for people: a lever's words, or its key."""

from collections.abc import Mapping
from typing import Final

from engine.spec.kinds import Kind
from engine.spec.levers import LeverEntry, levers_of

_LEVERS: Final = levers_of((Kind(name="any"),)).values()
_NOUNS: Final = {lever.group: lever.group_noun for lever in _LEVERS if lever.group} | {
    lever.path: lever.called.noun for lever in _LEVERS if lever.called.noun
}
"""Of each lever, and of those that a response moves together; their values are told apart."""

_RATE: Final = "subsidy.rate."
_KNOT: Final = "trajectory.weight_"


def factor_words(name: str, goods: str = "") -> str:
    """Return what a lever is called, or the name of a factor that is none.

    `goods` is what those of its kind are called where it is a coupon on them; its name, if empty.
    """
    if name.startswith(_RATE):
        return f"coupon on {goods or name.removeprefix(_RATE).replace('_', ' ')}"
    if name.startswith(_KNOT):
        return f"part {name.removeprefix(_KNOT)} of the target path"
    return _NOUNS.get(name, name)


def binding_words(binding: str, goods: Mapping[str, str]) -> str:
    """Return what binds a policy with levers in words: `subsidy.budget_bn_rmb at its least`.

    Parameters
    ----------
    binding : parts between commas, as in `frontier`; constraints keep their names.
    goods : what the goods of each kind are called.
    """
    parts = []
    for part in binding.split(", "):
        name, at, end = part.partition(" at its ")
        lever, on, day = name.partition("@")
        kind = lever.removeprefix(_RATE)
        parts.append(f"{factor_words(lever, goods.get(kind, ''))}{on}{day}{at}{end}")
    return ", ".join(parts)


def factor_money(name: str) -> str:
    """Return what stands after the values of a lever that is an amount of money, or nothing."""
    lever = LeverEntry.at(name)
    return " bn RMB" if lever is not None and lever.unit.startswith("bn RMB") else ""

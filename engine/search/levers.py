"""Levers by path, e.g. `subsidy.rate.source`: which there are, reading and setting them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.errors import InputError
from engine.spec.base import Dated, Lever
from engine.spec.explain import nearest
from engine.spec.policy import Policy

KNOTS: Final = "target.knots"
Tree = dict[str, Any]


@dataclass(frozen=True)
class LeverLimits:
    """What one lever of a policy may be: a number from `low` to `high`."""

    low: float
    high: float
    integer: bool


def known_levers() -> dict[str, LeverLimits]:
    """Return every numeric lever of a policy by its path."""
    return dict(_walk(Policy, ""))


def set_levers(policy: Policy, values: Mapping[str, Any], name: str) -> Policy:
    """Return `policy` under a new name with the levers at some paths replaced.

    A number replaces a dated value whole.

    Raises
    ------
    pydantic.ValidationError
        If a value lies outside the lever's own range.
    """
    tree = _tree(policy)
    for path, value in values.items():
        *groups, leaf = path.split(".")
        place = tree
        for group in groups:
            place = place[group]
        place[leaf] = value
    return Policy.model_validate(tree | {"name": name})


def lever_value(policy: Policy, path: str) -> float | None:
    """Return the lever's value; None if it changes over time."""
    value: Any = policy
    for part in path.split("."):
        value = getattr(value, part)
    if isinstance(value, Dated):
        return value.steps[0][1] if len(value.steps) == 1 else None
    return float(value)


def unknown_lever(path: str, where: str) -> InputError:
    """Say that there is no such lever, and which is nearest."""
    known = known_levers()
    match = nearest(path, known)
    hint = f"did you mean {match}?" if match else f"choose one of {', '.join(known)}"
    if path == KNOTS or path.startswith(f"{KNOTS}."):
        hint = "set space.trajectory=true to search the knots"
    group = path.rpartition(".")[0]
    beside = [name for name in known if group and name.startswith(f"{group}.")] or list(known)
    return InputError(where, "the policy has no such lever", ", ".join(beside), hint)


def _tree(spec: BaseModel) -> Tree:
    """Return a specification as nested dicts, dated values as they are."""
    return {
        name: _tree(value)
        if isinstance(value, BaseModel) and not isinstance(value, Dated)
        else value
        for name, value in spec
    }


def _walk(model: type[BaseModel], above: str) -> Iterator[tuple[str, LeverLimits]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if kind is Dated:
            lever = next(entry for entry in field.metadata if isinstance(entry, Lever))
            yield above + name, LeverLimits(lever.ge, lever.le, integer=False)
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _walk(kind, f"{above}{name}.")
        elif kind in {int, float}:
            yield above + name, _limits(field)


def _limits(field: FieldInfo) -> LeverLimits:
    found = {
        side: getattr(entry, side)
        for entry in field.metadata
        for side in ("ge", "le")
        if hasattr(entry, side)
    }
    return LeverLimits(float(found["ge"]), float(found["le"]), integer=field.annotation is int)

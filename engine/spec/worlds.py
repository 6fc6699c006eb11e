"""Plausible worlds: the scenario with the changes that an ensemble asks for."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from engine.errors import InputError
from engine.spec.explain import dotted, explain, nearest, shown
from engine.spec.jobs import Ensemble
from engine.spec.scenario import Scenario

Tree = dict[str, Any]

_DECLARED: Final = {"kinds", "categories"}
"""Keys that tables and policies of all worlds share."""


def worlds(scenario: Scenario, ensemble: Ensemble) -> dict[str, Scenario]:
    """Return the scenario of every world, by the world's name.

    A world's changes are a tree of the scenario's keys, beside which a `world_seed` may stand.
    Numbers, texts and lists replace what is there; a world without changes is `scenario` itself.

    Raises
    ------
    InputError
        If a change names an unknown key, or its value does not fit.
    """
    return {
        name: _changed(scenario, changes, f"ensemble.worlds.{name}") if changes else scenario
        for name in ensemble.worlds
        for changes in (ensemble.changes(name),)
    }


def _changed(scenario: Scenario, changes: Tree, where: str) -> Scenario:
    if declared := _DECLARED & set(changes):
        raise InputError(
            dotted((min(declared),), where),
            "a world has the scenario's kinds and categories",
            "changes of their numbers",
            "leave it out, or declare it in the scenario",
        )
    merged = _merged(scenario.model_dump(), changes, where)
    try:
        return Scenario.model_validate(merged)
    except ValidationError as error:
        raise explain(error, Scenario, root=where) from None


def _merged(tree: Tree, changes: Mapping[str, Any], where: str) -> Tree:
    merged = dict(tree)
    for key, change in changes.items():
        place = dotted((key,), where)
        if key not in tree:
            raise _unknown(key, tree, where)
        if isinstance(tree[key], Mapping):
            if not isinstance(change, Mapping):
                raise InputError(
                    place,
                    f"got {shown(change)} for a group",
                    f"a tree of {', '.join(tree[key])}",
                    f"name what changes, e.g. {dotted((next(iter(tree[key])),), place)}",
                )
            merged[key] = _merged(tree[key], change, place)
        else:
            merged[key] = change
    return merged


def _unknown(key: str, tree: Tree, where: str) -> InputError:
    match = nearest(key, tree)
    place = dotted((key,), where)
    return InputError(
        place,
        "the scenario has no such key",
        ", ".join(tree),
        f"did you mean {dotted((match,), where)}?" if match else f"leave {place} out",
    )

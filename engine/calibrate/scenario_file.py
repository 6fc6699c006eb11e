"""A calibrated scenario as a file: the one it came from, with its numbers replaced."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from engine.config import dump
from engine.spec.scenario import Scenario

_BAR: Final = "| "
_HAND: Final = "assumption"
_FITTED: Final = "fitted"
"""What stands behind a value's unit and a bar: where it comes from."""


def scenario_yaml(
    scenario: Scenario, places: Mapping[tuple[str, ...], float], original: str
) -> str:
    """Return `scenario` as YAML, out of the original's text if that gives the same scenario.

    So its comments stay. Where it does not (the original builds on another file, or values
    came from the command line), all values are written without comments.

    Parameters
    ----------
    scenario
        The fitted one.
    places
        The fitted numbers by their path, in the scenario's units.
    original
        Text of the file that the scenario was loaded from; may be empty.
    """
    try:
        text = _rewritten(original, {**places, ("name",): scenario.name})
        if Scenario.model_validate(yaml.safe_load(text)) == scenario:
            return text
    except (KeyError, ValueError, TypeError, AttributeError, yaml.YAMLError):
        pass  # whatever the original is, it is not the plain file of this scenario
    return dump(scenario)


def _rewritten(text: str, places: Mapping[tuple[str, ...], float | str]) -> str:
    """Return YAML with the scalars at these paths replaced, and all else as it was.

    Raises
    ------
    KeyError
        If a path leads to no scalar.
    """
    nodes = sorted(
        ((_scalar(yaml.compose(text), path), value) for path, value in places.items()),
        key=lambda found: found[0].start_mark.index,
        reverse=True,
    )
    for node, value in nodes:
        first, last = node.start_mark.index, node.end_mark.index
        end = text.find("\n", last)
        rest = text[last:] if end < 0 else text[last:end]
        old = text[first:last]
        shown = (value if isinstance(value, str) else repr(value)).ljust(len(old))
        rest_new = rest if isinstance(value, str) else _as_fitted(rest)
        shorter = min(len(shown) - len(old), len(rest_new) - len(rest_new.lstrip(" ")) - 1)
        rest_new = rest_new[max(shorter, 0) :]  # a longer number does not push its comment
        text = text[:first] + (shown + rest_new).rstrip(" ") + text[last + len(rest) :]
    return text


def _as_fitted(comment: str) -> str:
    """Say of a value that it was fitted, in place of assumed or beside what it was fitted to."""
    before, bar, source = comment.partition(_BAR)
    if not bar or source.startswith(_FITTED):
        return comment
    if source.startswith(_HAND):
        return f"{before}{bar}{_FITTED}{source.removeprefix(_HAND)}"
    return f"{before}{bar}{_FITTED}, {source}"


def _scalar(node: Any, path: tuple[str, ...]) -> yaml.ScalarNode:
    for part in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(part)]
        elif isinstance(node, yaml.MappingNode):
            node = {key.value: value for key, value in node.value}[part]
        else:
            raise KeyError(path)
    if not isinstance(node, yaml.ScalarNode):
        raise KeyError(path)
    return node

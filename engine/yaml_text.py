"""YAML files changed in place: numbers are replaced, comments and order stay."""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

_Comment = Callable[[str], str]


def _unchanged(comment: str) -> str:
    return comment


def rewritten(
    text: str, places: Mapping[tuple[str, ...], float | str], comment: _Comment = _unchanged
) -> str:
    """Return YAML with the scalars at these paths replaced, and all else as it was.

    Parameters
    ----------
    text : a YAML file.
    places : new values by path; a number in a path is a place in a list.
    comment : what follows a replaced number on its line, changed.

    Raises
    ------
    KeyError
        If a path leads to no scalar.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    nodes = sorted(
        ((_scalar(root, path), value) for path, value in places.items()),
        key=lambda found: found[0].start_mark.index,
        reverse=True,
    )
    for node, value in nodes:
        text = _replaced(text, node, value, comment)
    return text


def _replaced(text: str, node: yaml.ScalarNode, value: float | str, comment: _Comment) -> str:
    first, last = node.start_mark.index, node.end_mark.index
    end = text.find("\n", last)
    rest = text[last:] if end < 0 else text[last:end]
    old = text[first:last]
    shown = (value if isinstance(value, str) else repr(value)).ljust(len(old))
    new = rest if isinstance(value, str) else comment(rest)
    shorter = min(len(shown) - len(old), len(new) - len(new.lstrip(" ")) - 1)
    new = new[max(shorter, 0) :]  # a longer number does not push its comment
    return text[:first] + (shown + new).rstrip(" ") + text[last + len(rest) :]


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

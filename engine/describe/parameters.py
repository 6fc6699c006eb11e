"""The scenario's numbers as its file and its schema tell them, for the model's description.

Unit and source come from the comment beside a number (`# unit | source`), the meaning from
the field's description.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import yaml
from pydantic import BaseModel

from engine.spec.scenario import Scenario

_SCENARIO: Final = "kuaishou_2020"


class _Parameter(NamedTuple):
    """One number of the scenario's file: where, what, in which unit, and from where."""

    path: tuple[str, ...]
    value: str
    unit: str
    source: str


def parameter_rows(root: Path, patterns: Sequence[str]) -> list[tuple[str, str, str, str, str]]:
    """Return path, value, unit, source and meaning of the parameters that each pattern names.

    Raises
    ------
    ValueError
        If a pattern names none.
    """
    known = _parameters(root)
    rows = []
    for pattern in patterns:
        found = _matching(pattern, known)
        if not found:
            raise ValueError(f"{pattern} is no parameter of the scenario")
        units, sources = (
            "; ".join(dict.fromkeys(text for text in column if text)) or "–"
            for column in zip(*((p.unit, p.source) for p in found), strict=True)
        )
        stars = [number for number, part in enumerate(pattern.split(".")) if part == "*"]
        values = ", ".join(" ".join([*(p.path[k] for k in stars), p.value]) for p in found)
        if len(found) > 1 and len({p.value for p in found}) == 1:
            values = f"all {found[0].value}"
        rows.append((f"`{pattern}`", values, units, sources, _meaning(found[0].path)))
    return rows


def scenario_source(root: Path) -> str:
    """The scenario's file."""
    return (root / "conf" / "scenario" / f"{_SCENARIO}.yaml").read_text(encoding="utf-8")


def _parameters(root: Path) -> list[_Parameter]:
    """Every number of the scenario, but its switches."""
    text = scenario_source(root)
    found = _leaves(yaml.compose(text), (), text.splitlines(), "")
    return [p for p in found if p.path[0] != "mechanisms" and p.path[-1] != "name"]


def _matching(pattern: str, known: Sequence[_Parameter]) -> list[_Parameter]:
    """The parameters that a path with or without `*` names."""
    parts = pattern.split(".")
    return [
        p
        for p in known
        if len(p.path) == len(parts)
        and all(part in {"*", name} for part, name in zip(parts, p.path, strict=True))
    ]


def _leaves(
    node: Any, path: tuple[str, ...], lines: list[str], inherited: str
) -> Iterator[_Parameter]:
    """Walk a YAML mapping; a group's comment holds for its members that have none."""
    for key, value in node.value:
        here, comment = (*path, key.value), _comment(lines, key.start_mark.line) or inherited
        if isinstance(value, yaml.MappingNode):
            yield from _leaves(value, here, lines, comment)
        elif isinstance(value, yaml.SequenceNode) and isinstance(value.value[0], yaml.MappingNode):
            for number, item in enumerate(value.value):
                yield from _leaves(item, (*here, _name(item, number)), lines, "")
        else:
            listed = isinstance(value, yaml.SequenceNode)
            shown = ", ".join(item.value for item in value.value) if listed else value.value
            unit, _, source = comment.partition("|")
            yield _Parameter(here, shown, unit.strip(), source.strip())


def _comment(lines: list[str], number: int) -> str:
    """What a line says after `#`, or else the line of comment above it."""
    own = lines[number].partition("#")[2].strip()
    above = lines[number - 1].strip() if number else ""
    return own or (above[1:].strip() if above.startswith("#") else "")


def _name(item: Any, number: int) -> str:
    names = {key.value: value.value for key, value in item.value}
    return str(names.get("name", number))


def _meaning(path: tuple[str, ...]) -> str:
    """What the schema says of a field of the scenario, without its unit."""
    model: Any = Scenario
    for part in path:
        field = model.model_fields.get(part) if _is_model(model) else None
        if field is None:  # the name of one event of a list
            continue
        text, model = field.description or "", _inner(field.annotation)
    return re.sub(r" \[[^]]*\]$", "", text)


def _inner(annotation: Any) -> Any:
    """The model in a tuple of models; anything else as it is."""
    arguments = get_args(annotation)
    return arguments[0] if arguments and _is_model(arguments[0]) else annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

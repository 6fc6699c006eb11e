"""What tables of figures are made of: a section, and rows by what they have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.results.schemas import Row


class Section(NamedTuple):
    """One table: its title, the heads of its columns, and cells that are shown as they are."""

    title: str
    heads: tuple[str, ...]
    lines: list[tuple[str, ...]]
    note: str = ""


def on(rows: Sequence[Row], axis: str) -> list[Row]:
    """Return the rows of an axis."""
    return [row for row in rows if row["axis"] == axis]


def groups(rows: Sequence[Row], key: str) -> dict[Any, dict[str, Row]]:
    """Rows by the value of `key`, then by measure."""
    groups: dict[Any, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault(row[key], {})[row["measure"]] = row
    return groups

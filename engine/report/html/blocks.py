"""What a page is made of: sections of pictures and tables, and what stands in a table's cells."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from engine.report.charts.grammar import Picture

_LONG: Final = 8
"""Rows from which a table is folded."""


class Cell(NamedTuple):
    """Text, what stands in small print under it, where it leads, and whether it stands out.

    `unit` is that of the numbers in it, where the head of its column has none.
    """

    text: str
    small: str = ""
    policy: str = ""
    strong: bool = False
    unit: str = ""


class TableRow(NamedTuple):
    """Cells, the first of which names the row; `block` heads the rows below it."""

    cells: list[Cell]
    is_block: bool = False
    is_chosen: bool = False


class Table(NamedTuple):
    """A table: what it shows, how it is read, heads with their units, rows."""

    title: str
    note: str
    heads: list[tuple[str, str]]
    rows: list[TableRow]
    is_folded: bool

    def has_words(self, column: int) -> bool:
        """Whether a column leads to policies or holds words alone."""
        cells = [row.cells[column] for row in self.rows if len(row.cells) > column]
        leads = any(cell.policy for cell in cells)
        return leads or (bool(cells) and all(cell.text[:1].isalpha() for cell in cells))


class Section(NamedTuple):
    """A part of the page under one heading; `items` are lines of a list under the tables."""

    heading: str
    note: str
    pictures: list[Picture]
    tables: list[Table]
    items: tuple[str, ...] = ()


def section(
    heading: str,
    pictures: Iterable[Picture | None] = (),
    tables: Iterable[Table | None] = (),
    note: str = "",
    items: Iterable[str] = (),
) -> Section | None:
    """Return a section of what is there; None where nothing is."""
    drawn = [one for one in pictures if one is not None]
    written = [one for one in tables if one is not None and one.rows]
    listed = tuple(items)
    return Section(heading, note, drawn, written, listed) if drawn or written or listed else None


def table(
    title: str,
    heads: Sequence[str | tuple[str, str]],
    rows: Iterable[TableRow],
    note: str = "",
    *,
    fold: bool | None = None,
) -> Table:
    """Return a table; one of many rows is folded unless `fold` says otherwise."""
    lines = list(rows)
    named = [(head, "") if isinstance(head, str) else head for head in heads]
    return Table(title, note, named, lines, len(lines) > _LONG if fold is None else fold)


def plain_rows(lines: Iterable[Sequence[str]]) -> list[TableRow]:
    """Return rows of plain cells."""
    return [TableRow([Cell(text) for text in line]) for line in lines]

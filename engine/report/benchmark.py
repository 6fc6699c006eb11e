"""What `benchmark` found, as short tables: on the terminal and in the README."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Console

from engine.report.console import plain_table
from engine.report.contest import efforts, volumes
from engine.report.sections import Section, groups, on
from engine.report.words import NONE
from engine.results.schemas import Row

MISSING: Final = {
    "mesa": "not installed: pip install 'poquan[bench]'",
    "mesa_loops": "not installed: pip install 'poquan[bench]'",
    "mesa_frames": "not installed: CONTRIBUTING.md says how",
}
"""How to get the peers that need not be there."""

_NAMES: Final = {
    "engine": "Poquan, everything on",
    "engine_with_fixed_part": "– with the fixed part of its days",
    "numpy": "NumPy, a row per session",
    "numpy_columns": "NumPy, a column per slot",
    "mesa_frames": "mesa-frames (Polars)",
    "mesa": "Mesa",
    "mesa_loops": "Mesa, draws by hand-written loops",
    "warm": "Warm compile cache",
    "cold": "Empty compile cache",
}


_BLOCK: Final = re.compile(r"(<!-- benchmark -->\n).*?(<!-- end -->)", re.DOTALL)
_AXES: Final = {"anchors": "Anchors", "threads": "Threads", "processes": "Markets at once"}


class Column(NamedTuple):
    """A measure in a unit that people read: number = value * factor."""

    measure: str
    head: str
    digits: int
    factor: float = 1.0


def print_benchmark(rows: Sequence[Row], console: Console) -> None:
    """Print every section, for terminals of 80 columns and up."""
    for section in sections(rows):
        table = plain_table("")
        table.show_header = any(section.heads)
        table.add_column(section.heads[0], overflow="fold")
        for head in section.heads[1:]:
            table.add_column(head, justify="right", overflow="fold")
        for line in section.lines:
            table.add_row(*line)
        console.print()
        console.print(section.title, style="italic", highlight=False, markup=False)
        console.print(table)
        if section.note:
            console.print(section.note, style="dim", highlight=False, markup=False)


class Measured(NamedTuple):
    """What one command left: its overrides, and the rows of `benchmark`."""

    overrides: Sequence[str]
    rows: Sequence[Row]


def rewritten(text: str, studies: Sequence[Measured]) -> str:
    """`text` with the block between `<!-- benchmark -->` and `<!-- end -->` made anew."""
    block = "\n\n".join(map(markdown, studies))
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", text)


def markdown(study: Measured) -> str:
    """The command and the machine, and the sections as tables of Markdown."""
    command = " ".join(["python -m experiments.benchmark", *study.overrides])
    blocks = [f"`{command}` on {study.rows[0]['machine']}."]
    for section in sections(study.rows):
        heads = tuple(head.replace("\n", " ") for head in section.heads)
        lines = [heads, ("---", *["--:"] * (len(heads) - 1)), *section.lines]
        cells = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks += [f"{section.title}:", cells, section.note]
    return "\n\n".join(block for block in blocks if block)


def sections(rows: Sequence[Row]) -> list[Section]:
    """The tables of a suite; those without rows are left out."""
    made = (make(rows) for make in _SECTIONS)
    return [section for section in made if section.lines]


def _populations(rows: Sequence[Row]) -> Section:
    columns = (
        Column("year_s", "In all\ns", 2),
        Column("sessions_per_s", "Sessions/s\nmillion", 2, 1e-6),
        Column("buyer_days_per_s", "Buyer-days/s\nmillion", 2, 1e-6),
        Column("session_ns", "One more\nsession ns", 1),
        Column("fixed_day_ms", "Fixed part\nof a day ms", 2),
    )
    chosen = on(rows, "population")
    note = "; ".join(
        f"{row['value']:.0f} bytes {word} per buyer"
        for word, measure in (("of state", "state"), ("resident", "resident"))
        for row in chosen
        if row["measure"] == f"{measure}_bytes_per_buyer"
    )
    return _by(chosen, "buyers_count", _title(chosen, "The whole market"), "Buyers", columns, note)


def _stages(rows: Sequence[Row]) -> Section:
    columns = (
        Column("session_ns", "One more session ns", 1),
        Column("fixed_day_ms", "Fixed part of a day ms", 3),
    )
    return _by(on(rows, "stage"), "subject", "Stages of the day, by clocks", "Stage", columns)


def _scaling(rows: Sequence[Row]) -> Section:
    columns = (
        Column("session_ns", "One more\nsession ns", 1),
        Column("fixed_day_ms", "Fixed part\nof a day ms", 2),
        Column("sessions_per_s", "Sessions/s\nmillion", 2, 1e-6),
        Column("speedup", "Speed-up", 2),
    )
    lines = [
        (f"{word}: {line[0]}", *line[1:])
        for axis, word in _AXES.items()
        for line in _by(on(rows, axis), f"{axis}_count", "", "", columns).lines
    ]
    return Section("Scaling", ("", *(column.head for column in columns)), lines)


def _starts(rows: Sequence[Row]) -> Section:
    columns = (Column("start_s", "s", 1),)
    title = "A new process to the end of its first small year"
    return _by(on(rows, "start"), "subject", title, "Start", columns)


def _tools(rows: Sequence[Row]) -> Section:
    chosen = on(rows, "tool")
    title = _title(chosen, "Cost of a session, beside a small market in other tools")
    lines: list[tuple[str, ...]] = []
    for name, by_measure in groups(chosen, "subject").items():
        session, ratio = by_measure["session_ns"], by_measure.get("engine_ratio")
        if session["value"] is None:
            lines.append((_NAMES[name], NONE, NONE, NONE))
            continue
        goal = ratio["goal"] if ratio else None
        lines.append(
            (
                _NAMES[name],
                f"{session['value']:,.0f}",
                f"{ratio['value']:.3f}" if ratio else NONE,
                f"≤ {goal:g}" if goal is not None else NONE,
            )
        )
    note = "\n".join(
        f"{_NAMES[row['subject']]} is {MISSING.get(row['subject'], 'missing')}"
        for row in chosen
        if row["measure"] == "session_ns" and row["value"] is None
    )
    return Section(title, ("Tool", "ns", "Poquan ÷ it", "Goal"), lines, note)


def _pool(rows: Sequence[Row]) -> Section:
    chosen = on(rows, "pool")
    found = {row["measure"]: row for row in chosen}
    if not found:
        return Section("", (), [])
    row = found["day_s"]
    words: list[tuple[str, str, Callable[[float], str]]] = [
        ("open_s", "To create them, s", "{:,.1f}".format),
        ("day_s", "A day, s (median)", "{:,.1f}".format),
        ("sessions_count", "Sessions of a day, million", lambda v: f"{v / 1e6:,.1f}"),
        ("sessions_per_s", "Sessions per second, million", lambda v: f"{v / 1e6:,.2f}"),
        ("state_bytes_per_buyer", "State per buyer, bytes", "{:,.0f}".format),
        ("resident_bytes_per_buyer", "Resident per buyer, bytes", "{:,.1f}".format),
        ("implied_year_s", "The year that this implies, min", lambda v: f"{v / 60:,.1f}"),
    ]
    lines: list[tuple[str, ...]] = [
        (text, show(found[name]["value"])) for name, text, show in words if name in found
    ]
    days = ", ".join(f"{one['value']:.1f}" for one in on(rows, "day"))
    title = f"{row['buyers_count']:,} people, each simulated; {row['days_count']} days on "
    title += f"{row['threads_count']} threads"
    return Section(title, ("", ""), lines, f"Days, s: {days}")


def _title(rows: Sequence[Row], words: str) -> str:
    """`words`, with what holds for all rows."""
    if not rows:
        return words
    first = rows[0]
    anchors, days, runs = (first[f"{name}_count"] for name in ("anchors", "days", "runs"))
    return f"{words}: {anchors:,} anchors, {days} days, medians of {runs}"


def _by(
    rows: Sequence[Row],
    key: str,
    title: str,
    head: str,
    columns: Sequence[Column],
    note: str = "",
) -> Section:
    """One line for each value of `key`, a column for each measure."""
    lines = [
        (_name(value), *(_cell(by_measure, column) for column in columns))
        for value, by_measure in groups(rows, key).items()
    ]
    return Section(title, (head, *(column.head for column in columns)), lines, note)


def _name(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else _NAMES.get(value, value)


def _cell(by_measure: Mapping[str, Row], column: Column) -> str:
    row = by_measure.get(column.measure)
    if row is None or row["value"] is None:
        return NONE
    return f"{row['value'] * column.factor:,.{column.digits}f}"


_SECTIONS: Final = (
    _populations,
    _stages,
    _scaling,
    _starts,
    _tools,
    _pool,
    volumes,
    efforts,
)

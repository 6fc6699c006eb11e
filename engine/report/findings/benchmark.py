"""What a benchmark found, as short tables whose cells are shown as they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from engine.report.formatting import NONE
from engine.results.schemas import Row
from engine.units import FEN_PER_BN_RMB

_MISSING: Final = {
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


_AXES: Final = {"anchors": "Anchors", "threads": "Threads", "processes": "Markets at once"}


_PROBLEMS: Final = {
    "budget_split": "Budget split",
    "coupon_knapsack": "Coupon knapsack",
    "two_sided": "Two-sided market",
    "zdt1": "ZDT1 with noise",
    "zdt2": "ZDT2 with noise",
    "market": "The market",
}
"""What suite `search` searches."""


_METHODS: Final = {"poquan": "Poquan", "random": "Random", "tpe": "TPE", "nsga2": "NSGA-II"}


_RATIOS: Final = ("sessions_ratio", "seconds_ratio")


class _Section(NamedTuple):
    """One table: its title, the heads of its columns, and cells that are shown as they are."""

    title: str
    heads: tuple[str, ...]
    lines: list[tuple[str, ...]]
    note: str = ""


class _Column(NamedTuple):
    """A measure in a unit that people read: number = value * factor."""

    measure: str
    head: str
    digits: int
    factor: float = 1.0


def sections(rows: Sequence[Row]) -> list[_Section]:
    """The tables of a suite; those without rows are left out."""
    made = (make(rows) for make in _SECTIONS)
    return [section for section in made if section.lines]


def _populations(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("year_s", "In all\ns", 2),
        _Column("sessions_per_s", "Sessions/s\nmillion", 2, 1e-6),
        _Column("buyer_days_per_s", "Buyer-days/s\nmillion", 2, 1e-6),
        _Column("session_ns", "One more\nsession ns", 1),
        _Column("fixed_day_ms", "Fixed part\nof a day ms", 2),
    )
    chosen = _on(rows, "population")
    note = "; ".join(
        f"{row['value']:.0f} bytes {word} per buyer"
        for word, measure in (("of state", "state"), ("resident", "resident"))
        for row in chosen
        if row["measure"] == f"{measure}_bytes_per_buyer"
    )
    return _by(chosen, "buyers_count", _title(chosen, "The whole market"), "Buyers", columns, note)


def _stages(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("session_ns", "One more session ns", 1),
        _Column("fixed_day_ms", "Fixed part of a day ms", 3),
    )
    return _by(
        _on(rows, "stage"),
        "subject",
        "Stages of a day taken step by step, by clocks",
        "Stage",
        columns,
    )


def _scaling(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("session_ns", "One more\nsession ns", 1),
        _Column("fixed_day_ms", "Fixed part\nof a day ms", 2),
        _Column("sessions_per_s", "Sessions/s\nmillion", 2, 1e-6),
        _Column("speedup", "Speed-up", 2),
    )
    lines = [
        (f"{word}: {line[0]}", *line[1:])
        for axis, word in _AXES.items()
        for line in _by(_on(rows, axis), f"{axis}_count", "", "", columns).lines
    ]
    return _Section("Scaling", ("", *(column.head for column in columns)), lines)


def _shards(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("day_s", "A day\ns", 3),
        _Column("modelled_day_s", "By the\nmodel s", 3),
        _Column("overhead_share", "Against\nthreads %", 1, 100),
        _Column("sums_per_slot", "Sums\na slot", 1),
        _Column("bytes_per_slot", "kB\na slot", 0, 1e-3),
        _Column("sums_share", "Time in\nsums %", 1, 100),
        _Column("resident_bytes", "Memory\nGiB", 2, 2.0**-30),
    )
    chosen = _on(rows, "shards")
    title = _title(chosen, "One market held by several processes, beside one process with threads")
    note = "Sums and bytes with each slot's part of the night; memory is that of one shard."
    return _by(chosen, "subject", title, "Market", columns, note)


def _savings(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("run_s", "The run\ns", 0),
        _Column("nights_saved", "Nights\nsaved", 0),
        _Column("days_per_night", "Days\nfor each", 0),
        _Column("night_s", "A night\ns", 2),
        _Column("saving_share", "Saving, % of the\nrun's seconds", 1, 100),
    )
    chosen = _on(rows, "saving")
    title = _title(chosen, "Nights saved by default")
    note = "Of each night what its slowest shard took."
    return _by(chosen, "subject", title, "Market", columns, note)


def _projections(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("simulated_buyers", "Buyers\nmillion", 0, 1e-6),
        _Column("day_s", "A day\ns", 2),
        _Column("year_min", "A year\nmin", 1),
        _Column("exchange_share", "Time in\nsums %", 1, 100),
        _Column("buyer_days_per_s", "Buyer-days/s\nmillion", 1, 1e-6),
        _Column("resident_bytes", "A shard\nGiB", 2, 2.0**-30),
    )
    title = "What the model says of larger machines: a forecast, nothing was measured there"
    return _by(_on(rows, "projection"), "subject", title, "Machine", columns)


def _starts(rows: Sequence[Row]) -> _Section:
    columns = (_Column("start_s", "s", 1),)
    title = "A new process to the end of its first small year"
    return _by(_on(rows, "start"), "subject", title, "Start", columns)


def _tools(rows: Sequence[Row]) -> _Section:
    chosen = _on(rows, "tool")
    title = _title(chosen, "Cost of a session, beside a small market in other tools")
    lines: list[tuple[str, ...]] = []
    for name, by_measure in _groups(chosen, "subject").items():
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
        f"{_NAMES[row['subject']]} is {_MISSING.get(row['subject'], 'missing')}"
        for row in chosen
        if row["measure"] == "session_ns" and row["value"] is None
    )
    return _Section(title, ("Tool", "ns", "Poquan ÷ it", "Goal"), lines, note)


def _pool(rows: Sequence[Row]) -> _Section:
    chosen = _on(rows, "pool")
    found = {row["measure"]: row for row in chosen}
    if not found:
        return _Section("", (), [])
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
    days = ", ".join(f"{one['value']:.1f}" for one in _on(rows, "day"))
    title = f"{row['buyers_count']:,} people, each simulated; {row['days_count']} days on "
    title += f"{row['threads_count']} threads"
    return _Section(title, ("", ""), lines, f"Days, s: {days}")


def _volumes(rows: Sequence[Row]) -> _Section:
    """Of each method: the volume that its front covers, and how often its choice is feasible."""
    lines = []
    for problem, word in _PROBLEMS.items():
        found = _groups(_on(rows, problem), "subject")
        if found:
            covered = [f"{found[own]['volume_share']['value']:.2f}" for own in _METHODS]
            held = [_held(found[own]["infeasible_share"]) for own in _METHODS]
            lines.append((word, *(f"{v}  {h}" for v, h in zip(covered, held, strict=True))))
    title = "Covered by the front in truth, and P(recommended is feasible)"
    note = "1.00: the true front; in the market all methods' fronts together. Medians over seeds."
    return _Section(
        title, ("Problem", *(f"{word}\ncovered  P" for word in _METHODS.values())), lines, note
    )


def _efforts(rows: Sequence[Row]) -> _Section:
    """What this search needs to get as far as the best plain method at its end."""
    lines = []
    for problem, word in _PROBLEMS.items():
        own = [row for row in _on(rows, problem) if row["measure"] in _RATIOS]
        if own:
            by_measure = {row["measure"]: row for row in own}
            method = _METHODS[own[0]["subject"]]
            cells = (_ratio(by_measure[measure]) for measure in _RATIOS)
            lines.append((word, method, *cells, str(own[0]["runs_count"])))
    heads = ("Problem", "Best\nplain", "Sessions\n≤ 0.1", "Seconds\n≤ 0.33", "Seeds")
    title = "Needed to get as far as the best plain one, as shares of its own: median (range)"
    return _Section(title, heads, lines)


def _schedules(rows: Sequence[Row]) -> _Section:
    """How busy searches keep their workers, and how long they take."""
    chosen = _on(rows, "schedule")
    counts = sorted({row["processes_count"] for row in chosen})
    lines = []
    for subject in dict.fromkeys(row["subject"] for row in chosen):
        own = [row for row in chosen if row["subject"] == subject]
        by_count = _groups(own, "processes_count")
        cells = [
            f"{1 - found['idle_share']['value']:.0%}  {found['total_s']['value']:,.0f} s"
            for found in (by_count[count] for count in counts)
        ]
        lines.append((subject, *cells))
    heads = ("Effort", *(f"{count:,} worker{'s' * (count > 1)}" for count in counts))
    title = "Share of the workers' time in runs, and the search's seconds, in simulated time"
    return _Section(title, heads, lines)


def _branches(rows: Sequence[Row]) -> _Section:
    columns = (
        _Column("state_bytes", "State\nMB", 2, 1e-6),
        _Column("copy_ms", "A copy\nms", 2),
        _Column("first_s", "First\ncandidate s", 2),
        _Column("again_s", "Further\nones s", 2),
        _Column("seconds_ratio", "64 candidates,\nwith ÷ without", 2),
    )
    chosen = _on(rows, "branch")
    title = "Candidates of 1 June that share a past"
    return _by(chosen, "buyers_count", _title(chosen, title), "Buyers", columns)


def _variances(rows: Sequence[Row]) -> _Section:
    """What a second of one core leaves of the variance, way by way."""
    lines: list[tuple[str, ...]] = []
    for name, found in _groups(_on(rows, "variance"), "subject").items():
        error, ratio = found["error_after_a_minute_fen"], found["variance_ratio"]
        shown = f"{ratio['value']:.3f} ({ratio['lowest']:.3f} to {ratio['highest']:.3f})"
        lines.append((name, f"{error['value'] / FEN_PER_BN_RMB:.2f}", shown))
    heads = ("GMV as paid, its", "Standard error after\na minute, bn RMB", "Variance ÷ the first's")
    title = "What a way of sampling leaves after a minute of one core (with one run left out)"
    return _Section(title, heads, lines)


def _against(rows: Sequence[Row]) -> _Section:
    """Both checkouts, a measure and a population a line."""
    chosen = _on(rows, "against")
    lines = []
    for measure, word in _COMPARED.items():
        own = [row for row in chosen if row["measure"] == measure]
        for buyers, found in _groups(own, "buyers_count", "subject").items():
            ratio = found["ratio"]
            spread = f"{ratio['value']:.3f} ({ratio['lowest']:.3f} to {ratio['highest']:.3f})"
            values = (f"{found[one]['value']:.3g}" for one in ("this", "other"))
            lines.append((word.format(buyers), *values, spread))
    heads = ("", "This", "Other", "Ratio (range)")
    return _Section(_title(chosen, "This checkout beside another, turn by turn"), heads, lines)


_COMPARED: Final = {
    "year_s": "Year of {:,} buyers, s",
    "session_ns": "One more session, to {:,}, ns",
    "fixed_day_ms": "Fixed part of a day, to {:,}, ms",
}
"""Measures of `against`."""


def _on(rows: Sequence[Row], axis: str) -> list[Row]:
    """Return the rows of an axis."""
    return [row for row in rows if row["axis"] == axis]


def _groups(rows: Sequence[Row], key: str, inner: str = "measure") -> dict[Any, dict[str, Row]]:
    """Rows by the value of `key`, then by that of `inner`."""
    groups: dict[Any, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault(row[key], {})[row[inner]] = row
    return groups


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
    columns: Sequence[_Column],
    note: str = "",
) -> _Section:
    """One line for each value of `key`, a column for each measure."""
    lines = [
        (_name(value), *(_cell(by_measure, column) for column in columns))
        for value, by_measure in _groups(rows, key).items()
    ]
    return _Section(title, (head, *(column.head for column in columns)), lines, note)


def _name(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else _NAMES.get(value, value)


def _cell(by_measure: Mapping[str, Row], column: _Column) -> str:
    row = by_measure.get(column.measure)
    if row is None or row["value"] is None:
        return NONE
    return f"{row['value'] * column.factor:,.{column.digits}f}"


def _ratio(row: Row) -> str:
    """Return median, lowest and highest over seeds."""
    shown = [_or_never(row[name]) for name in ("value", "lowest", "highest")]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def _or_never(value: float) -> str:
    return "never" if value == float("inf") else f"{value:.2f}"


def _held(row: Row) -> str:
    return NONE if row["value"] is None else f"{1 - row['value']:.2f}"


_SECTIONS: Final = (
    _populations,
    _stages,
    _scaling,
    _shards,
    _savings,
    _projections,
    _starts,
    _tools,
    _pool,
    _volumes,
    _efforts,
    _schedules,
    _branches,
    _variances,
    _against,
)

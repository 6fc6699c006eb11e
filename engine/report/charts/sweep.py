"""A sweep, drawn and in words: its keys, its jobs, and the change against the first of them.

A picture has a curve along a numeric key with its interval, or a dot for each job.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from engine.collection import CHANGED, FINISHED
from engine.measures.catalogue import FLOWS
from engine.report.charts.grammar import (
    BLUE,
    INK,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.factor_words import factor_words
from engine.report.findings.sweep import (
    job_change,
    moved_measures,
    sweep_finding,
    sweep_sentence,
    told_jobs,
)
from engine.report.formatting import (
    NONE,
    label,
    scaled,
    show,
    unit,
)
from engine.results.schemas import Row
from engine.spec.levers import LeverEntry

_NOTE: Final = (
    "Means over all runs of a job. Intervals hold 95 % of the difference to the first job under "
    "common random numbers; that one has none."
)
_UNPAIRED: Final = (
    "Means over all runs of a job, with two standard errors to either side: jobs met other random "
    "numbers, so that their differences are not paired."
)

_FAR: Final = 20.0
"""Ratio of the ends of a key from which it is drawn on a scale of ratios, if it begins above 0."""

_MOST_KEYS: Final = 3
"""Keys that differ between the jobs of a sweep; jobs that differ in more are told by name."""

_NAMED_JOBS, _WIDE_NAMES = 3, 60
"""Jobs that a title names, and the characters that their names have at most."""

_MOST_DOTS: Final = 12
"""Rows of a picture; of more, only given policies and those of the answers are drawn."""

_KEY: Final = "override."

_TOLD: Final = ("gmv_paid_fen", "platform_contribution_fen", "target_attained")
"""Measures of which a sentence is said."""

_NO_SUMS: Final = "Jobs report different days: what they sum up is told a day, and not compared."

JOBS_NOTE: Final = (
    "Means over all runs of a job; in brackets the paired difference to the first job under common "
    "random numbers, ± half of its 95 % interval."
)


class _SweepShape(NamedTuple):
    """How a sweep is drawn: along a numeric key, or by the names of its jobs.

    `along` is a column `override.KEY`, empty where no key is numeric; rows of one `series` differ
    in nothing else.
    """

    along: str
    series: list[str]


class SweepView(NamedTuple):
    """A sweep as it is shown, from its rows of `sweep`."""

    rows: Sequence[Row]

    def pictures(self) -> list[Picture]:
        """Draw every measure that the sweep moves."""
        return [_picture(self.rows, measure) for measure in moved_measures(self.rows)]

    def title(self) -> str:
        """Return what the page is called."""
        if self.is_along():
            keys = [_key_title(key, self.rows) for key in _sweep_keys(self.rows)]
            return f"A sweep of {', '.join(keys)}"
        jobs = list(dict.fromkeys(row["name"] for row in self.rows))
        if 1 < len(jobs) <= _NAMED_JOBS and sum(map(len, jobs)) <= _WIDE_NAMES:
            return f"{', '.join(jobs[:-1])} and {jobs[-1]} side by side"
        return f"{len(jobs)} jobs side by side"

    def is_along(self) -> bool:
        """Whether its jobs differ in a few keys, and are no studies side by side."""
        return 0 < len(_sweep_keys(self.rows)) <= _MOST_KEYS

    def unfinished(self) -> str:
        """Say which jobs are not finished, and why; empty where all are."""
        left = {row["name"]: row["message"] for row in self.rows if row["state"] != FINISHED}
        if not left:
            return ""
        jobs = len({row["job"] for row in self.rows})
        first = next((one.strip().splitlines()[-1] for one in left.values() if one.strip()), "")
        because = f": {first}" if first else ""
        return f"{len(left)} of {jobs} jobs are not finished: {', '.join(left)}{because}"

    def horizons(self) -> str:
        """Say which days jobs report where these differ; empty where they do not."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in told_jobs(self.rows):
            if horizon := _horizon(row):
                names = found.setdefault(horizon, [])
                names += [row["name"]] if row["name"] not in names else []
        if len(found) < 2:
            return ""
        parts = [
            f"{names[0]}{f' and {len(names) - 1} more' * (len(names) > 1)}: {first} to {last}"
            for (first, last), names in found.items()
        ]
        return f"jobs report different days, {'; '.join(parts)}. Sums are shown a day"

    def by_day(self) -> list[Row]:
        """Return the rows, with sums a day where jobs report different days.

        A change of a sum stays where a job reports the days of the first.
        """
        if not self.horizons():
            return list(self.rows)
        first = told_jobs(self.rows)[0]
        return [_by_day(row, is_alike=_horizon(row) == _horizon(first)) for row in self.rows]

    def sentences(self) -> list[str]:
        """Say how far each main measure moves over the sweep, and whether it is more than noise."""
        told = told_jobs(self.rows)
        if not told:
            return ["No job has finished runs."]
        said = [one for one in (sweep_sentence(told, measure) for measure in _TOLD) if one]
        return [*([_NO_SUMS] if self.horizons() else []), *said]

    def table(self) -> tuple[list[tuple[str, str]], list[tuple[str, ...]]]:
        """Return heads with their units, and of every job and policy means and their changes."""
        several = len({row["policy"] for row in told_jobs(self.rows)}) > 1
        heads = [("Job", ""), *([("Policy", "")] if several else []), ("Runs", "")]
        a_day = " a day" if self.horizons() else ""
        heads += [(label(one), unit(one) + (a_day if one in FLOWS else "")) for one in CHANGED]
        return heads, list(_sweep_cells(self.by_day(), several=several))


def _horizon(row: Row) -> tuple[str, str] | None:
    """Return the first and the last day that a row's measures are of, if they are known."""
    first, last = row.get("first_day"), row.get("last_day")
    return (first, last) if first and last else None


def _by_day(row: Row, *, is_alike: bool) -> dict[str, Any]:
    """Return a row whose sums are divided by its days; of these, changes over as many days."""
    found, horizon = dict(row), _horizon(row)
    first, last = map(date.fromisoformat, horizon or ("2000-01-01",) * 2)
    days = (last - first).days + 1
    for measure in FLOWS.keys() & set(CHANGED):
        for end in ("", "_se", "_change", "_change_ci_low", "_change_ci_high"):
            value = row.get(f"{measure}{end}")
            is_told = horizon and (is_alike or not end.startswith("_change"))
            found[f"{measure}{end}"] = value / days if is_told and value is not None else None
    if not is_alike:
        reached = (name for name in row if name.startswith("target_attained_change"))
        found |= dict.fromkeys(reached)
    return found


def _sweep_cells(rows: Sequence[Row], *, several: bool) -> Iterator[tuple[str, ...]]:
    for row in rows:
        policy = [row.get("says") or row["policy"] or NONE] if several else []
        name = row["name"] if row["policy"] else f"{row['name']} ({row['state']})"
        yield name, *policy, str(row["runs_count"]), *(_cell(row, one) for one in CHANGED)


def _picture(rows: Sequence[Row], measure: str) -> Picture:
    along, series = _sweep_shape(rows)
    told = told_jobs(rows)
    paired = any(row.get(f"{measure}_change") is not None for row in told)
    drawn = told if along else _of_answers(told)
    values = [_values(row, rows, measure, along, paired=paired) for row in drawn]
    of = unit(measure)
    title = f"{label(measure)}, {of}" if of else label(measure)
    chart = (
        _curves(values, _key_title(along, rows), series, title) if along else _dots(values, title)
    )
    note = _NOTE if paired else _UNPAIRED
    left = f" The table holds {len(told) - len(drawn)} more." if len(drawn) < len(told) else ""
    return picture(chart, sweep_finding(drawn, measure), f"{note}{left}")


def _curves(values: Sequence[Any], key: str, series: Sequence[str], title: str) -> Any:
    import altair as alt

    ends = [one["x"] for one in values]
    far = min(ends) > 0 and max(ends) / min(ends) >= _FAR
    scale = alt.Scale(type="log") if far else alt.Scale(zero=False, nice=False, padding=6)
    x = alt.X("x:Q", title=key, scale=scale)
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    color: Any = alt.value(BLUE)
    if len(series) > 1:
        legend = alt.Legend(columns=1)
        color = alt.Color("series:N", title=None, scale=colours(series), legend=legend)
    base = alt.Chart(data(values)).encode(x=x, color=color)
    layers = [
        base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_line(strokeWidth=2.2).encode(y=y),
        base.mark_rule(opacity=0.5).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(y=y, tooltip=alt.Tooltip("tip:N")),
    ]
    return alt.layer(*layers).properties(height=220)


def _dots(values: Sequence[Any], title: str) -> Any:
    import altair as alt

    names = [one["tip_name"] for one in values]
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    x = alt.X("value:Q", title=title, scale=alt.Scale(zero=False))
    limits = base.mark_rule(color=INK).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        x=x, tooltip=alt.Tooltip("tip:N")
    )
    return alt.layer(limits, dots).properties(height=rows_height(names))


def _values(
    row: Row, rows: Sequence[Row], measure: str, along: str, *, paired: bool
) -> dict[str, Any]:
    value = float(row[measure])
    low, high = _limits(row, measure, value, paired=paired)
    series = _series_of(row, rows, along)
    several = len({one["policy"] for one in told_jobs(rows)}) > 1
    called = f"{row['name']}, {row.get('says') or row['policy']}" if several else row["name"]
    return {
        "x": row[along] if along else None,
        "name": wrapped(called),
        "tip_name": called,
        "series": series,
        "value": scaled(measure, value),
        "low": scaled(measure, low),
        "high": scaled(measure, high),
        "tip": f"{row['name']}: {show(measure, value)}{_in_unit(measure)}",
    }


def _in_unit(measure: str) -> str:
    return "" if unit(measure) in {"", "%"} else f" {unit(measure)}"


def _limits(row: Row, measure: str, value: float, *, paired: bool) -> tuple[float, float]:
    """Return the limits of the change to the first job, set where this job's mean is.

    Where nothing is paired, two standard errors of the mean.
    """
    change, low, high = (row.get(f"{measure}_change{end}") for end in ("", "_ci_low", "_ci_high"))
    if change is not None and low is not None and high is not None:
        return value - change + low, value - change + high
    error = row.get(f"{measure}_se")
    if not paired and error is not None:
        return value - 2 * error, value + 2 * error
    return value, value


def _of_answers(told: Sequence[Row]) -> list[Row]:
    """Return what is drawn by name: of many, given policies and those that an answer names."""
    return [row for row in told if len(told) <= _MOST_DOTS or row.get("is_answer") is not False]


def _sweep_keys(rows: Sequence[Row]) -> list[str]:
    """Return the columns of what differs between jobs."""
    columns = dict.fromkeys(name for row in rows for name in row if name.startswith(_KEY))
    return [name for name in columns if len({row.get(name) for row in rows}) > 1]


def _sweep_shape(rows: Sequence[Row]) -> _SweepShape:
    """Return the numeric key with the most values, and the series beside it."""
    told = told_jobs(rows)
    keys = _sweep_keys(told)
    numeric = [name for name in keys[:_MOST_KEYS] if all(_is_number(row[name]) for row in told)]
    if len(keys) > _MOST_KEYS:
        numeric = []
    along = max(numeric, key=lambda name: len({row[name] for row in told}), default="")
    return _SweepShape(along, list(dict.fromkeys(_series_of(row, rows, along) for row in told)))


def _series_of(row: Row, rows: Sequence[Row], along: str) -> str:
    """Name what a job has besides the key along which it is drawn; its policy where several are."""
    others = [name for name in _sweep_keys(told_jobs(rows)) if name != along]
    parts = [f"{_key_word(name)}={_value(row[name])}" for name in others]
    several = len({one["policy"] for one in told_jobs(rows)}) > 1
    return ", ".join([*parts, *([row["policy"]] if several else [])])


def _key_word(column: str) -> str:
    """Return a key without what stands before it, for people."""
    return column.removeprefix(_KEY)


def _key_title(column: str, rows: Sequence[Row]) -> str:
    """Return what a key is called where there is room: a lever's words and unit, else the key."""
    path = _key_word(column).removeprefix("policy.")
    lever, goods = LeverEntry.at(path), rows[0].get("goods", {}).get(path, "")
    return f"{factor_words(path, goods)} [{lever.unit}]" if lever else _key_word(column)


def _cell(row: Row, measure: str) -> str:
    change = row.get(f"{measure}_change")
    mean = show(measure, row.get(measure))
    return mean if change is None else f"{mean} ({job_change(row, measure)})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

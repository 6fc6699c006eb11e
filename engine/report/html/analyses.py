"""The sections of what is no search: runs, comparisons, mechanisms, calibrations, levers."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any, Final

from engine.ablate import COMMON
from engine.report.charts.differences import difference_pictures
from engine.report.charts.ecosystem import ecosystem_pictures
from engine.report.charts.factors import (
    FACTOR_HEADS,
    FACTORS_NOTE,
    factor_cells,
    sensitivity_pictures,
)
from engine.report.charts.over_time import days_pictures
from engine.report.charts.response import MARKS_NOTE, response_section
from engine.report.charts.rows import fit_picture
from engine.report.charts.subsidy import CELLS_TITLE, SPENT_HEADS, run_spending
from engine.report.charts.sweep import JOBS_NOTE, SweepView
from engine.report.charts.trial import HEADS as TRIAL_HEADS
from engine.report.charts.trial import TESTS_NOTE, trial_cells, trial_pictures
from engine.report.charts.worlds import world_picture
from engine.report.findings.calibration import (
    HEADS,
    MAY,
    MAY_NOT,
    PINNED,
    ROLE_HEADS,
    figure_cells,
    not_modelled,
    scorecard,
)
from engine.report.findings.comparison import with_defined_returns
from engine.report.findings.elasticities import HEADS as ELASTICITY_HEADS
from engine.report.findings.elasticities import SAID, elasticities_by_month
from engine.report.findings.limits import pairs_note
from engine.report.findings.world_agreement import read_answers
from engine.report.formatting import (
    NONE,
    label,
    number,
    show,
    show_change,
    show_limits,
    signed,
    split_name,
    unit,
)
from engine.report.html.blocks import (
    Cell,
    Section,
    Table,
    TableRow,
    plain_rows,
    section,
    table,
)
from engine.report.read.calibration import CalibrationSummary, read_fit
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row

_MOST_CURVES: Final = 6

_PAIR_NOTE: Final = (
    "Each run is paired with the one of the same world, population and seed that it is compared "
    "with; worlds are averaged before the interval is taken over replications. Where there are "
    "several, the lowest and the highest world’s difference stand under it. A bold difference is "
    "distinguishable from zero. The last column says how many times as many runs independent "
    "seeds need."
)
_FIGURE_NOTE: Final = (
    "* no unknown moves this figure: its miss is shown and rules nothing out. An input is given by "
    "the scenario’s own numbers, so that it proves nothing."
)
_UNKNOWN_NOTE: Final = (
    "The ratio compares the spread over the kept worlds with that of an even spread over the "
    "range: 1 if the figures say nothing, 0 if they leave one value."
)
_SCORE_NOTE: Final = (
    "Every figure that is no input, with 80 % intervals over the weighted points, and what a "
    "seasonal straight line and the last quarter would have said."
)
_CELLS_NOTE: Final = (
    "Own coupons and the partner’s in the run; refunded are own coupons that come back with "
    "returned goods."
)
_LEVER_NOTE: Final = (
    "Each lever moves alone, with all else as in the base policy and under common random numbers. "
    "Best is the value with the highest contribution over the horizon and the days of run-off "
    "after it."
)


def analysis_sections(study: StudyResults) -> Iterator[Section | None]:
    """Make the sections of what is no search, of those analyses that a folder holds."""
    yield from _difference_sections(study)
    yield from _fit_sections(study)
    yield from _sensitivity_sections(study)
    yield from _sweep_sections(study)
    yield from _trial_sections(study)
    yield from _response_sections(study)
    yield from _run_sections(study)


def _run_sections(study: StudyResults) -> Iterator[Section | None]:
    """Make the sections of runs that were simulated, not searched: days, subsidy, anchors."""
    if study.searched or any((study.ablation, study.calibration, study.response, study.trial)):
        return
    names = {name: name for name in study.policies[:_MOST_CURVES]}
    first = next(iter(names), "")
    base = study.comparison[0]["baseline"] if study.comparison else None
    others = list(dict.fromkeys(row["policy"] for row in study.comparison))[:_MOST_CURVES]
    yield section("GMV on its way to the target", days_pictures(study, list(names), names))
    yield section("Worlds side by side", [world_picture(study, names)])
    spent = run_spending(study, names)
    title = f"{CELLS_TITLE}: {spent.called}"
    cells = table(title, SPENT_HEADS, plain_rows(spent.cells), _CELLS_NOTE, fold=True)
    yield section("Where the subsidy went", spent.pictures, [cells])
    yield section(
        "Who gains and who loses" if others else "How sales spread over anchors",
        ecosystem_pictures(
            study, {name: name for name in others}, base, base or "", {first: first}
        ),
    )
    yield _elasticities(study)


def _difference_sections(study: StudyResults) -> list[Section | None]:
    """Return the paired differences: of mechanisms or of policies; none without any."""
    if study.ablation:
        mechanisms = _mechanism_rows(study.ablation).values()
        blocks = [(_mechanism_title(own[0]), own) for own in mechanisms]
        tables = [_difference_table("Each mechanism off, against all on", "Off", "All on", blocks)]
        return [section("What each mechanism does", difference_pictures(study), tables)]
    if not study.comparison:
        return []
    rows = with_defined_returns(study.comparison)
    names = dict.fromkeys(row["policy"] for row in rows)
    by_policy = [(name, [row for row in rows if row["policy"] == name]) for name in names]
    blocks = [
        (f"{name} against {own[0]['baseline']} ({pairs_note(own[0])})", own)
        for name, own in by_policy
    ]
    title = "Differences under common random numbers"
    tables = [_difference_table(title, "Mean", "Baseline’s mean", blocks)]
    return [section("What the policies change", difference_pictures(study), tables)]


def _sensitivity_sections(study: StudyResults) -> list[Section | None]:
    """Return what moves the measures; none without such an analysis."""
    pictures = sensitivity_pictures(study.sensitivity)
    found = [] if pictures else ["No picture: there are too few runs to tell any factor."]
    rows = []
    for title, factors in factor_cells(study.sensitivity):
        rows.append(_block_row(title))
        rows += [
            TableRow([Cell(name, key), Cell(ends), Cell(raising, unit=title), *map(Cell, rest)])
            for name, key, ends, raising, *rest in factors
        ]
    tables = [table("Every factor, and which way it moves", FACTOR_HEADS, rows, FACTORS_NOTE)]
    heading = "What moves the measures"
    return [section(heading, pictures, tables, items=found)] if study.sensitivity else []


def _trial_sections(study: StudyResults) -> list[Section | None]:
    """Return what tests would say of a policy, beside what it does; none without tests."""
    rows = [
        _block_row(f"{label(cells.measure)}, {cells.unit}")
        if cells.is_first
        else TableRow([Cell(text, unit=cells.unit) for text in cells.texts])
        for cells in trial_cells(study.trial)
    ]
    found = table("What each kind of test says", TRIAL_HEADS, rows, TESTS_NOTE, fold=False)
    return [section("What a test would say", trial_pictures(study.trial), [found])]


def _sweep_sections(study: StudyResults) -> list[Section | None]:
    """Return what a sweep moves, a picture a measure, and all its jobs; none without one."""
    view = SweepView(study.sweep)
    heads, rows = view.table()
    jobs = table("All jobs", heads, plain_rows(rows), JOBS_NOTE, fold=len(rows) > 12)
    heading = "What the sweep moves" if view.is_along() else "Measure by measure"
    return [section(heading, view.pictures(), [jobs])]


def _response_sections(study: StudyResults) -> list[Section | None]:
    """Return what each lever does alone: a table, and a section a lever."""
    found = response_section(study.response)
    if found is None:
        return []
    rows = [
        TableRow([Cell(name, small), Cell(base, unit=of), Cell(best, unit=of), *map(Cell, rest)])
        for name, small, of, base, best, *rest in found["rows"]
    ]
    where = table("Where each lever is best", found["heads"], rows, _LEVER_NOTE)
    whole = section("What levers bring by themselves", [found["gains"]], [where])
    head = section("What each lever moves", items=[MARKS_NOTE])
    each = (section(one.title, one.pictures, note=one.note) for one in found["levers"])
    return [whole, head, *each] if found["levers"] else [whole]


def _fit_sections(study: StudyResults) -> list[Section | None]:
    """Return what a calibration found, and how far its worlds agree; none without one."""
    if not study.calibration:
        return []
    found = read_fit(study.calibration, study.config)
    drawn = [one for role in found.roles for one in found.of(role)]
    pairs = [f"{a} and {b}: correlation {signed(r, 2, plus=True)}" for a, b, r in found.pairs]
    return [
        section("How well the model fits", [fit_picture(drawn)], [_figures(found)]),
        section("How good its forecasts are", (), [_scores(found)]),
        section("What policies bring in each of these worlds", (), [_across(study.answers)]),
        section("Which unknowns the figures pin down", (), [_unknowns(found)], items=pairs),
        section("What the numbers may be used for", items=MAY),
        section("What they may not be used for", items=MAY_NOT),
        section("Figures that the model does not show", items=not_modelled(found)),
    ]


def _figures(found: CalibrationSummary) -> Table:
    heads: list[Any] = ["Figure", "Unit", "Observed", "Simulated", "80 % interval",
             ("Miss", "standard deviations"), "Verdict"]  # fmt: skip
    rows = []
    for role in found.roles:
        if found.of(role):
            rows.append(_block_row(ROLE_HEADS[role]))
        for one in found.of(role):
            cells = figure_cells(one)
            is_proof = not (one.is_input and one.is_hit)
            verdict = cells["verdict"] if is_proof else "input"
            rows.append(
                TableRow(
                    [
                        Cell(cells["name"], cells["says"]),
                        Cell(one.unit),
                        *(Cell(cells[key], unit=one.unit) for key in
                          ("observed", "simulated", "interval")),
                        Cell(cells["miss"]),
                        Cell(verdict, strong=verdict.startswith("missed")),
                    ]
                )
            )  # fmt: skip
    return table("Every figure, and what was simulated for it", heads, rows, _FIGURE_NOTE)


def _scores(found: CalibrationSummary) -> Table:
    of = {one.name: one.unit for role in found.roles for one in found.of(role)}
    rows = [
        TableRow(
            [
                Cell(name, of[name]),
                *(Cell(text, strong=text == "missed", unit=of[name]) for text in rest),
            ]
        )
        for name, *rest in scorecard(found)
    ]
    heads = [head or "Verdict" for head in HEADS]
    return table("Scorecard", heads, rows, _SCORE_NOTE, fold=False)


def _unknowns(found: CalibrationSummary) -> Table:
    rows = [
        TableRow(
            [
                Cell(one.name),
                *(Cell(number(v)) for v in (one.low, one.high, one.kept_low, one.kept_high)),
                Cell(NONE if isnan(one.ratio) else f"{one.ratio:.2f}", strong=one.ratio <= PINNED),
            ]
        )
        for one in found.unknowns
    ]
    heads = ["Unknown", "From", "To", "Kept from", "Kept to", "Ratio"]
    return table("Ranges before and after", heads, rows, _UNKNOWN_NOTE)


def _across(answers: Sequence[Row]) -> Table | None:
    """Return what a policy brings in each world, a block a policy."""
    found = read_answers(answers)
    if not found:
        return None
    rows = []
    for name in found[0].changes:
        rows.append(_block_row(f"{name} against {answers[0]['baseline']}"))
        rows += plain_rows(
            (one.world, one.return_text(name), one.change_text(name), one.best or NONE)
            for one in found
        )
    heads: list[Any] = [
        "World",
        ("GMV as paid", "RMB per RMB of own coupons"),
        ("GMV as paid", "bn RMB"),
        "Best policy",
    ]
    note = (
        f"In {answers[0]['pairs_count']} pairs of runs under common random numbers that the fit "
        "has not seen; in brackets 95 % intervals."
    )
    return table("Answers by world", heads, rows, note, fold=False)


def _elasticities(study: StudyResults) -> Section | None:
    """Return how buyers answer to prices, a block a policy; None where nothing is known of it."""
    found = elasticities_by_month(study.monthly)
    if not found or study.calibration:
        return None
    rows = []
    for one in found:
        rows.append(_block_row(one.policy))
        rows += plain_rows((month, *(signed(v, 2) for v in values)) for month, values in one.months)
    heads = ["Month", *ELASTICITY_HEADS]
    return section(
        "How buyers answer to prices", (), [table("Elasticities", heads, rows, SAID, fold=True)]
    )


def _block_row(title: str) -> TableRow:
    """Return a row that heads those below it."""
    return TableRow([Cell(title)], is_block=True)


def _mechanism_rows(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """Return the rows to show by mechanism: GMV as paid and the mechanism's own measures."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["is_own"] or row["measure"] == COMMON:
            found.setdefault(row["mechanism"], []).append(row)
    return {
        name: sorted(own, key=lambda row: row["measure"] != COMMON) for name, own in found.items()
    }


def _mechanism_title(row: Row) -> str:
    """Return a mechanism's number and its title, or its name where no title is known."""
    mechanism, name = split_name(row["mechanism"])
    return f"{mechanism}: {row.get('title') or name}"


def _difference_table(
    title: str, own: str, base: str, blocks: Sequence[tuple[str, list[Row]]]
) -> Table:
    heads: list[Any] = ["Measure", own, base, "Difference", "95 % interval", "Gain from pairing"]
    rows = []
    for head, found in blocks:
        rows.append(_block_row(head))
        rows += map(_difference_row, found)
    return table(title, heads, rows, _PAIR_NOTE)


def _difference_row(row: Row) -> TableRow:
    measure, low, high = row["measure"], row["ci_low"], row["ci_high"]
    is_distinguishable = low is not None and (low > 0 or high < 0)
    gain = row["variance_reduction"]
    of = unit(measure)
    worlds = _by_world(row)
    return TableRow(
        [
            Cell(label(measure), of if of != "%" else ""),
            Cell(show(measure, row["mean"]), unit=of),
            Cell(show(measure, row["baseline_mean"]), unit=of),
            Cell(show_change(measure, row["difference"]), strong=is_distinguishable, unit=of),
            Cell(show_limits(measure, low, high), f"worlds {worlds}" if worlds else "", unit=of),
            Cell(NONE if gain is None else f"{signed(gain, 1)} ×"),
        ]
    )


def _by_world(row: Row) -> str:
    """Return the lowest and the highest mean of a world, nothing where there is one world."""
    if (row.get("worlds_count") or 1) == 1:
        return ""
    return show_limits(row["measure"], row["lowest_world"], row["highest_world"])

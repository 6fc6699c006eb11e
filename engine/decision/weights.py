"""What is known by the decision, held against the past of each world: the weights of an answer.

Of every world the days before the decision are simulated under the history, on the first of the
fresh replications, which every finalist meets too; the horizon of these cases ends on the night
before. A past does not depend on when the horizon ends, so these are the pasts that all
candidates share, with what a search does not keep of them. How far each is from the actuals weighs
the worlds:

    w_k ~ exp(-b/2 sum_j ((f_kj - z_j) / s_j)^2),    s_j^2 = tolerance^2 + discrepancy^2 + noise^2

f the simulated figure, a mean over replications, z the observed one; of a figure known to lie
above or below a value only the part beyond it counts. Tolerance, discrepancy and the noise of
one run are those of calibration (`engine.calibrate.sample`). A pseudo-likelihood, which takes
figures for independent; but shares of the largest anchors and the exponent of their law come from
one ranking where they share days, and a half-year holds its quarters: figures of one key, or of the
ranking, whose periods overlap count as one, by the mean of their squares. The worlds
of an ensemble that was calibrated on the same figures were already chosen by them: for these the
weights say no more than which of the chosen is nearer.

The effective number of worlds is 1 / sum w^2 (Kish, Survey Sampling, 1965). Where it would fall
below four (of fewer than seven worlds, below half of them), b < 1 is taken, the largest that
leaves as many: that none of the worlds is like the real one is not a reason to believe the least
unlike. The answer says so then.

The goals of the search go on weighing worlds alike, so that other actuals ask no trial of it anew;
what aims at the rows of the price table, the choice of finalists and the answer take the weights.

The same runs show what the history leaves of its purses: a purse of today's policy counts from the
decision on, and is given by hand, so where it is far from what is left that is said.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np

from engine.calibrate.observed import FIT, ObservedFigure, read_figures
from engine.calibrate.run_reader import RunReader
from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.targets import CalibrationTarget, match_figures
from engine.case import Case, RunResult
from engine.compute import Runner
from engine.decision.amounts import bn
from engine.errors import CombinedInputError, InputError
from engine.search.market import fresh_cases
from engine.spec.accuracy import Accuracy
from engine.spec.calendar import Calendar
from engine.spec.levers import policy_value
from engine.spec.optimize import OptimizeJob
from engine.spec.scenario import Scenario
from engine.spec.worlds import worlds
from engine.stats.arrays import Floats, Ints
from engine.stats.paired import means_by
from engine.units import FEN_PER_BN_RMB

_PURSES: Final = {
    "subsidy_fen": ("subsidy.budget_bn_rmb", "coupons"),
    "partner_subsidy_fen": ("subsidy.partner_budget_bn_rmb", "the partner's coupons"),
}
"""By column of `daily` what is spent, the purse that it is spent of, and on what in words."""

_FAR: Final = 0.1
"""Share of the history's purse by which another policy's may differ from what is left of it."""

_LEAST_WORLDS: Final = 4.0
"""Effective number of worlds below which one world would decide the answer."""

_UNLIKELY: Final = 0.01
"""Chance of misses as large in a world like the real one, below which a world is not near."""

_OF_A_RANKING: Final = re.compile(r"top_share\(\d+\)|rank_size_exponent")
"""Keys of figures that are read off one ranking of anchors."""

_HALVINGS: Final = 60
"""Of the interval in which the power b is looked for."""


class WorldWeights(NamedTuple):
    """How much each world counts, adding up to 1, in the order of the worlds.

    `misses` (worlds, figures) in standard deviations, by `figures` as `key, period`; `power` is b
    and `effective_count` 1 / sum w^2 with it; `alone_count` the same at b = 1. `note` says in a
    sentence what to make of it, or is empty.
    """

    weights: dict[str, float]
    figures: tuple[str, ...]
    misses: Floats
    power: float
    effective_count: float
    alone_count: float
    note: str


class _WeighedPast(NamedTuple):
    """Worlds weighed by their past, and in sentences what else of it should be known."""

    weights: WorldWeights
    notes: tuple[str, ...]


def known_actuals(job: OptimizeJob, address: str) -> list[CalibrationTarget]:
    """Read a table of figures and return those that are known by the job's decision.

    Parameters
    ----------
    job
        Has a decision in a scenario's calendar, and says how accurate figures are.
    address
        Of the table, see `engine.calibrate.observed.read_figures`.

    Raises
    ------
    InputError
        If the table cannot be read, or nothing in it is known by then.
    """
    assert job.accuracy is not None
    assert job.decision_date is not None
    try:
        figures = read_figures(address, job.accuracy.tolerance)
        scenario = job.scenario
        return _known_figures(
            figures, scenario.calendar, job.accuracy, job.decision_date, scenario.currency
        )
    except InputError as error:
        raise CombinedInputError([_of_actuals(one) for one in _mistakes(error)]) from None


def _mistakes(error: InputError) -> Sequence[InputError]:
    return error.mistakes if isinstance(error, CombinedInputError) else [error]


def _of_actuals(error: InputError) -> InputError:
    """A mistake in a table, reported under the key that names the table here."""
    where = re.sub(r"^figures\b", "actuals", error.where)
    return InputError(where, error.what, error.allowed, error.remedy)


def _past_cases(job: OptimizeJob) -> Iterator[Case]:
    """Yield the past of each world, world by world, `search.first_replications` runs of each."""
    assert job.history is not None
    assert job.decision_date is not None
    last = job.decision_date - timedelta(days=1)
    for case in fresh_cases(job, job.history, range(job.search.first_replications)):
        calendar = case.scenario.calendar.model_copy(update={"end": last})
        past = case.scenario.model_copy(update={"calendar": calendar})
        yield replace(case, scenario=past, history=None, decision_date=None)


def weighed_past(
    job: OptimizeJob, known: Sequence[CalibrationTarget], pool: Runner
) -> _WeighedPast:
    """Weigh the worlds of a job by what is known; without anything known they are even.

    Parameters
    ----------
    job
        What is asked.
    known
        Figures, from `known_actuals`.
    pool
        Simulates the pasts.
    """
    if not known:
        return _WeighedPast(_even_weights(list(job.ensemble.worlds)), ())
    simulated: dict[str, list[Floats]] = {world: [] for world in job.ensemble.worlds}
    scenarios: Mapping[str, Scenario] = worlds(job.scenario, job.ensemble)
    results = list(pool.run(list(_past_cases(job))))
    for result in results:
        world = result.labels["world"]
        simulated[world].append(_simulated_figures(scenarios[world], result, known))
    weights = _world_weights(known, simulated)
    notes = (*_assumed_notes(known), *_purse_notes(job, results, weights.weights))
    return _WeighedPast(weights, notes)


def _assumed_notes(known: Sequence[CalibrationTarget]) -> Iterator[str]:
    """Say how many of the figures nobody observed, by what their rows note."""
    count = sum(target.is_assumed for target in known)
    if count:
        yield (
            f"{count} of the {len(known)} known figures are placeholders or assumed, by the notes "
            "in their table: put observed ones there before you trust the answer."
        )


def _purse_notes(
    job: OptimizeJob, results: Sequence[RunResult], weights: Mapping[str, float]
) -> Iterator[str]:
    """Say where today's policy begins with a purse far from what the history leaves of its own."""
    assert job.decision_date is not None
    assert job.history is not None
    today = job.baselines[str(job.today)]
    year_begins = date(job.decision_date.year, 1, 1)  # a purse is one of a calendar year
    first = max((year_begins - job.scenario.calendar.start).days, 0)
    for column, (path, words) in _PURSES.items():
        purse, given = (
            float(policy_value(own, path)) * FEN_PER_BN_RMB for own in (job.history, today)
        )
        spent = sum(
            weights[one.labels["world"]] * one.daily[column][first:].sum() for one in results
        )
        left = max(purse - spent / job.search.first_replications, 0.0)
        if abs(left - given) > _FAR * purse:
            market = job.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB
            said, own, carried = (bn(amount, market) for amount in (purse, left, given))
            yield (
                f"Of the {said} bn RMB that the policy in force until then has for {words}, {own} "
                f"bn RMB are left on {job.decision_date}, but today's policy goes on with "
                f"{carried} bn RMB; to go on with what is left, set it "
                f"(baselines.{job.today}.{path})."
            )


def _known_figures(
    figures: Sequence[ObservedFigure],
    calendar: Calendar,
    accuracy: Accuracy,
    decision_date: date,
    currency: str = "RMB",
) -> list[CalibrationTarget]:
    """Return the figures that weigh worlds: those whose period ends before the decision.

    Left out are rows with role `check`, figures that are inputs of the scenario, and those of a
    whole horizon or an experiment: no part of the past shows them.

    Parameters
    ----------
    figures
        What was observed.
    calendar
        Of the scenario, whose horizon the figures' periods are read in.
    accuracy
        Tolerance and discrepancy of a figure, as shares of it.
    decision_date
        The first day that is not known.
    currency
        In which amounts are given.

    Raises
    ------
    InputError
        If none is left.
    """
    known = [
        target
        for target in match_figures(figures, calendar, accuracy, currency=currency)[0]
        if target.role == FIT
        and not target.measure.is_input
        and not target.measure.probe
        and target.days
        and all(span.last < decision_date for span in target.days)
    ]
    if not known:
        raise InputError(
            "actuals",
            f"no row with role {FIT} is of a period that ends before {decision_date}",
            f"at least one that the model shows, from {calendar.start} on",
            "add what is known by then, or decide later",
        )
    return known


def _simulated_figures(
    scenario: Scenario, result: RunResult, known: Sequence[CalibrationTarget]
) -> Floats:
    """Read the figures off a run that holds its details, (figures,) float64, in their units."""
    reader = RunReader(scenario, result)
    return np.array([target.measure.read(reader, target.days) for target in known], np.float64)


def _world_weights(
    known: Sequence[CalibrationTarget], simulated: Mapping[str, Sequence[Floats]]
) -> WorldWeights:
    """Weigh worlds by the figures that are known.

    Parameters
    ----------
    known
        Figures, from `_known_figures`.
    simulated
        By world, the figures of each replication, (figures,) float64; as many in every world.
    """
    runs = np.array([np.stack(list(own)) for own in simulated.values()])
    count = len(runs)
    sample = SimulatedPoints.of(
        tuple(known), [{} for _ in simulated], np.zeros((count, 0)), wave=1, runs=runs
    )
    groups = _groups(known)
    squares = np.stack([means_by(groups, own) for own in sample.misses**2]).sum(axis=1)
    alone = _effective(_shares(squares, 1.0))
    least = min(_LEAST_WORLDS, (count + 1) / 2)
    power = _power(squares, least)
    weights = _shares(squares, power)
    return WorldWeights(
        weights=dict(zip(simulated, map(float, weights), strict=True)),
        figures=tuple(f"{target.key}, {target.period}" for target in known),
        misses=sample.misses,
        power=power,
        effective_count=_effective(weights),
        alone_count=alone,
        note=_note(squares, int(groups.max()) + 1, alone, least),
    )


def _even_weights(worlds: Sequence[str]) -> WorldWeights:
    """Return weights of worlds that all count the same, by no figure."""
    count = len(worlds)
    return WorldWeights(
        weights=dict.fromkeys(worlds, 1.0 / count),
        figures=(),
        misses=np.zeros((count, 0)),
        power=0.0,
        effective_count=float(count),
        alone_count=float(count),
        note="",
    )


def _groups(known: Sequence[CalibrationTarget]) -> Ints:
    """Number the figures that count as one, (figures,) int64 from 0.

    The shortest periods come first, so that a half-year joins one of its quarters, and not both
    quarters the half-year, in whatever order the rows stand.
    """
    order = sorted(range(len(known)), key=lambda k: (_length(known[k]), k))
    numbers: dict[int, int] = {}
    for k in order:
        twins = (numbers[j] for j in numbers if _are_one(known[k], known[j]))
        numbers[k] = next(twins, max(numbers.values(), default=-1) + 1)
    return np.array([numbers[k] for k in range(len(known))], np.int64)


def _length(target: CalibrationTarget) -> int:
    return sum((span.last - span.first).days + 1 for span in target.days)


def _are_one(a: CalibrationTarget, b: CalibrationTarget) -> bool:
    """Whether two figures are read off the same thing, on days of which they share some."""
    names = ["ranking" if _OF_A_RANKING.fullmatch(one.key) else one.key for one in (a, b)]
    shared = any(x.first <= y.last and y.first <= x.last for x in a.days for y in b.days)
    return names[0] == names[1] and shared


def _shares(squares: Floats, power: float) -> Floats:
    raw = np.exp(-0.5 * power * (squares - squares.min()))
    return np.asarray(raw / raw.sum())


def _effective(weights: Floats) -> float:
    return float(1.0 / (weights**2).sum())


def _power(squares: Floats, least: float) -> float:
    """The largest power up to 1 that leaves so many worlds effective."""
    if _effective(_shares(squares, 1.0)) >= least:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _effective(_shares(squares, middle)) >= least:
            low = middle
        else:
            high = middle
    return low


def _note(squares: Floats, figures_count: int, alone: float, least: float) -> str:
    """Say what the weights rest on where it is little; see `WorldWeights`."""
    from scipy.special import chdtrc

    nearest = float(chdtrc(figures_count, squares.min()))
    if nearest < _UNLIKELY:
        return (
            f"the model knows no world like this: even the nearest of {len(squares)} misses what "
            f"is known by more than one in {round(1 / _UNLIKELY)} such worlds would; "
            "weights are kept even enough that none decides alone"
        )
    if len(squares) < _LEAST_WORLDS:
        some = f"{len(squares)} world{'s are' if len(squares) > 1 else ' is'}"
        return f"only {some} weighed: too few to say how sure the answer is"
    if alone < _LEAST_WORLDS:
        evened = f"; so all count more evenly, as if {least:g} were asked" if alone < least else ""
        left = f"the known figures by themselves would let {alone:.1f} of {len(squares)} worlds"
        return f"{left} decide, too few to trust{evened}"
    return ""

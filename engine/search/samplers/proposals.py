"""What to try next: a study made anew from the finished trials, and a sampler asked for a batch.

Nothing of Optuna outlives a batch. Before each one the study in memory is built from the
trials with their values as they are best estimated now: figures move when a rung's shift
is measured and when a better policy raises everybody's regret. The proposals are then a
function of the trials alone, resumed or not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.problem import Point
from engine.search.samplers.registry import ERRORS, make_sampler
from engine.spec.study import Search


class _Proposal(NamedTuple):
    """A point to try, and the attributes that the sampler stores with it."""

    point: Point
    attributes: Mapping[str, Any]


def propose_batch(
    search: Search,
    seed: int,
    distributions: Mapping[str, BaseDistribution],
    finished: Sequence[FrozenTrial],
    batch: range,
    directions: Sequence[Literal["maximize", "minimize"]],
) -> list[_Proposal]:
    """Ask for the trials of a batch; each sees the others of it as running.

    Parameters
    ----------
    search, seed
        Name the sampler and its streams.
    distributions
        The space, by the coordinate's name.
    finished
        All settled trials, in order of their numbers.
    batch
        Numbers of the trials to propose, those after the finished ones.
    directions
        Where each goal's figure should go.
    """
    study = optuna.create_study(directions=list(directions))
    for trial in finished:
        study.add_trial(trial)
    asked = []
    for number in batch:
        study.sampler = make_sampler(search, seed, number, distributions)
        asked.append(study.ask(dict(distributions)))
    known = study.get_trials(deepcopy=False)
    return [_Proposal(trial.params, dict(known[trial.number].system_attrs)) for trial in asked]


def finished_trials(
    trials: Sequence[Trial],
    estimates: Estimates,
    evaluator: ObjectiveEvaluator,
    distributions: Mapping[str, BaseDistribution],
) -> list[FrozenTrial]:
    """Return the trials as Optuna takes them; what failed or is no point failed there too.

    Parameters
    ----------
    trials, estimates
        Settled trials, and what is known of them, row by row.
    evaluator
        Turns costs into figures.
    distributions
        The space, by the coordinate's name.
    """
    values, names = evaluator.values(estimates.costs), list(evaluator.constraints)
    excesses, excess_errors = (
        [dict(zip(names, row, strict=True)) for row in table.tolist()]
        for table in (estimates.excesses, estimates.excess_errors)
    )
    errors = zip(estimates.cost_errors.tolist(), excess_errors, strict=True)
    columns = zip(trials, values.tolist(), excesses, errors, strict=True)
    return [_frozen(*one, distributions) for one in columns]


def _frozen(
    trial: Trial,
    values: list[float],
    excesses: dict[str, float],
    errors: tuple[list[float], dict[str, float]],
    distributions: Mapping[str, BaseDistribution],
) -> FrozenTrial:
    own = trial.candidate
    named = {"name": own.name, "rung": trial.rung}
    if trial.reason is not None or own.point is None:
        failed = {"reason": trial.reason or "no point of the space"}
        return create_trial(state=TrialState.FAIL, user_attrs=named | failed)
    return create_trial(
        values=values,
        params=dict(own.point),
        distributions=dict(distributions),
        constraints=excesses,
        system_attrs=dict(trial.attributes),
        user_attrs=named | {ERRORS: errors},
    )

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

from engine.search.evaluator import Judge
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.problem import Point
from engine.search.samplers.registry import ERRORS, make_sampler
from engine.spec.study import Search


class Proposal(NamedTuple):
    """A point to try, and what the sampler must find again with it."""

    point: Point
    attributes: Mapping[str, Any]


def proposals(
    search: Search,
    seed: int,
    distributions: Mapping[str, BaseDistribution],
    finished: Sequence[FrozenTrial],
    batch: range,
    directions: Sequence[Literal["maximize", "minimize"]],
) -> list[Proposal]:
    """Ask for the trials of a batch; each sees the others of it as running."""
    study = optuna.create_study(directions=list(directions))
    for trial in finished:
        study.add_trial(trial)
    asked = []
    for number in batch:
        study.sampler = make_sampler(search, seed, number, distributions)
        asked.append(study.ask(dict(distributions)))
    known = study.get_trials(deepcopy=False)
    return [Proposal(trial.params, dict(known[trial.number].system_attrs)) for trial in asked]


def as_finished(
    trials: Sequence[Trial],
    estimates: Estimates,
    judge: Judge,
    distributions: Mapping[str, BaseDistribution],
) -> list[FrozenTrial]:
    """Return the trials as Optuna takes them; what failed or is no point failed there too."""
    values, names = judge.values(estimates.costs), list(judge.constraints)
    excesses, doubts = (
        [dict(zip(names, row, strict=True)) for row in table.tolist()]
        for table in (estimates.excesses, estimates.excess_errors)
    )
    errors = zip(estimates.cost_errors.tolist(), doubts, strict=True)
    told = zip(trials, values.tolist(), excesses, errors, strict=True)
    return [_frozen(*one, distributions) for one in told]


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
        told = {"reason": trial.reason or "no point of the space"}
        return create_trial(state=TrialState.FAIL, user_attrs=named | told)
    return create_trial(
        values=values,
        params=dict(own.point),
        distributions=dict(distributions),
        constraints=excesses,
        system_attrs=dict(trial.attributes),
        user_attrs=named | {ERRORS: errors},
    )

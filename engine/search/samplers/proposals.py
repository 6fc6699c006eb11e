"""What to try next: a study made anew from the known trials, and a sampler asked for a batch.

Nothing of Optuna outlives a batch. Before each one the study in memory is built from the
trials with their values as they are best estimated now: figures move when a rung's shift
is measured and when a better policy raises everybody's regret. The proposals are then a
function of the trials alone, resumed or not. Each trial gets a fresh sampler too: what it
draws is a function of the trial's number. A batch is asked in lanes of `lane_count` trials,
each by a worker: a lane sees the batches before and itself, and nothing of the other lanes.

Milliseconds of one core that a proposal takes around trial 100 / 500 / 1000, with 15 searched
values, 3 goals and 3 constraints (`cmaes`: 1 goal), batches of 8:

    random 0.4 / 0.4 / 0.5       qmc 0.9 / 0.8 / 0.8       nsga2, nsga3 2 / 6 / 10
    cmaes  3 / 11 / 22           tpe 22 / 65 / 134         gp 26 / 102 / 107

`gp` takes some tenths of a second more where it fits its lengths anew: each time that there
are a quarter more trials.
"""

import pickle
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from engine.rng import Purpose, derive_seed
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.problem import Point
from engine.search.samplers.cube_sampler import CubeSampler, Distributions, Observations
from engine.search.samplers.gaussian_sampler import GaussianSampler
from engine.spec.search import Search
from engine.stats.arrays import Floats

_ERRORS: Final = "standard_errors"
"""User attribute: a trial's standard errors of its goals and, by name, of its constraints."""

_SEED_BITS: Final = 32
"""NumPy's legacy generator takes no longer seeds."""


class Proposal(NamedTuple):
    """A point to try, and the attributes that the sampler stores with it."""

    point: Point
    attributes: Mapping[str, Any]


def propose_batch(
    search: Search,
    seed: int,
    distributions: Mapping[str, BaseDistribution],
    known: Sequence[FrozenTrial],
    batch: range,
    directions: Sequence[Literal["maximize", "minimize"]],
) -> Iterator[Proposal]:
    """Yield proposals for the trials of a batch; each sees the others of it as running.

    Parameters
    ----------
    search, seed
        Name the sampler and its streams.
    distributions
        The space, by the coordinate's name.
    known
        All trials before the batch, finished or running, in order of their numbers.
    batch
        Numbers of the trials to propose.
    directions
        Where each goal's figure should go.
    """
    study = optuna.create_study(directions=list(directions))
    for trial in known:
        trial.__class__ = _NeverCopied
        study.add_trial(trial)
    for number in batch:
        study.sampler = _make_sampler(search, seed, number, distributions)
        asked = study.ask(dict(distributions))
        attributes = study.get_trials(deepcopy=False)[asked.number].system_attrs
        yield Proposal(asked.params, dict(attributes))


def propose_lane(
    search: Search,
    seed: int,
    distributions: Mapping[str, BaseDistribution],
    known: bytes,
    lane: range,
    directions: Sequence[Literal["maximize", "minimize"]],
) -> list[tuple[float, Proposal]]:
    """Return proposals for part of a batch with the seconds each took: see `propose_batch`.

    Parameters
    ----------
    search, seed, distributions, directions
        As there.
    known
        The trials before the batch, pickled once for all its lanes.
    lane
        Numbers of the trials to propose; the others of the batch count as not asked yet.
    """
    trials = list(pickle.loads(known))
    trials += running_trials([None] * (lane.start - len(trials)), distributions)
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found, start = [], time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        for proposal in propose_batch(search, seed, distributions, trials, lane, directions):
            found.append((time.perf_counter() - start, proposal))
            start = time.perf_counter()
    optuna.logging.set_verbosity(level)
    return found


def running_trials(
    trials: Sequence[Trial | None], distributions: Mapping[str, BaseDistribution]
) -> list[FrozenTrial]:
    """Return trials that are not settled as Optuna takes them: points without values.

    Parameters
    ----------
    trials
        Trials that were asked; none for those of which nothing is known but that they are.
    distributions
        The space, by the coordinate's name.
    """
    found = []
    for trial in trials:
        point = None if trial is None else trial.candidate.point
        found.append(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(point or {}),
                distributions={} if point is None else dict(distributions),
                system_attrs={} if trial is None else dict(trial.attributes),
            )
        )
    return found


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
        user_attrs=named | {_ERRORS: errors},
    )


def _make_sampler(
    search: Search, seed: int, number: int, distributions: Mapping[str, BaseDistribution]
) -> BaseSampler:
    """Return the sampler that proposes trial `number`.

    A sampler's own state dies with its process; one that is made anew from (seed, number)
    and the finished trials proposes the same after a resume.
    """
    own = derive_seed(seed, Purpose.TRIAL, number) >> (63 - _SEED_BITS)
    first = search.startup_count
    sampler: BaseSampler
    match search.sampler:
        case "tpe":
            sampler = TPESampler(n_startup_trials=first, seed=own)
        case "nsga2":
            sampler = _OrderedNSGAII(population_size=max(2, first), seed=own)
        case "nsga3":
            sampler = _OrderedNSGAIII(max(2, first), seed, own)
        case "gp_torch":
            sampler = GPSampler(n_startup_trials=first, seed=own)
        case "random":
            sampler = RandomSampler(seed=own)
        case "qmc":
            sampler = _SobolSampler(distributions, seed, number)
        case "cmaes":
            batch = search.batch_count
            sampler = _CmaesSampler(distributions, seed, number, first=first, batch=batch)
        case "gp":
            sampler = GaussianSampler(distributions, seed, number, first=first, noise=_noise)
    return sampler


def _noise(trial: FrozenTrial) -> tuple[list[float], dict[str, float]]:
    """Return how noisy a trial's goals and constraints are."""
    goals, constraints = trial.user_attrs[_ERRORS]
    return goals, constraints


class _NeverCopied(FrozenTrial):
    """A trial that a study takes as it is: copies of a thousand take a second."""

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenTrial:
        """Return the trial itself; nobody else uses it."""
        del memo
        return self


class _OrderedNSGAII(NSGAIISampler):
    """NSGA-II whose parents come in the order of their numbers.

    Optuna returns them by crowding when it selects them and by number when it finds them
    remembered, and so the children would depend on whether the process was restarted.
    """

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Select the parents of a generation."""
        return sorted(super().select_parent(study, generation), key=lambda trial: trial.number)


class _OrderedNSGAIII(NSGAIIISampler):
    """NSGA-III whose parents come in the order of their numbers, chosen by a seed of theirs.

    It fills niches by lot. The lot must not depend on which trial first asks for a
    generation, nor the children on whether their trial was that one.
    """

    def __init__(self, population_size: int, seed: int, own: int) -> None:
        super().__init__(population_size=population_size, seed=own)
        self._size, self._search_seed = population_size, seed

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Select the parents of a generation."""
        lot = derive_seed(self._search_seed, Purpose.TRIAL, generation) >> (63 - _SEED_BITS)
        chooser = _OrderedNSGAIII(self._size, self._search_seed, lot)
        parents = super(_OrderedNSGAIII, chooser).select_parent(study, generation)
        return sorted(parents, key=lambda trial: trial.number)


class _SobolSampler(CubeSampler):
    """One scrambled Sobol sequence, a point a trial: even cover, without learning."""

    def propose(self, study: Study) -> Floats:
        """Return the point of this trial, (axes,) float64."""
        del study
        return self._sobol()


class _CmaesSampler(CubeSampler):
    """CMA-ES (Hansen, arXiv:1604.00772) for one goal.

    Every proposal replays the finished trials from the start, generation by generation,
    and draws one point with its trial's own seed. Only ranks count there, so constraints take
    part by order: feasible ones by cost, then the others by violation (Deb, Comput. Methods
    Appl. Mech. Eng. 186, 2000). Whole numbers and choices are rounded: a space that is
    mostly made of them is better left to another sampler.
    """

    def __init__(
        self, distributions: Distributions, seed: int, number: int, *, first: int, batch: int
    ) -> None:
        super().__init__(distributions, seed, number)
        usual = 4 + int(3 * np.log(self._cube.size))
        self._first, self._size = first, -(-usual // batch) * batch

    def propose(self, study: Study) -> Floats:
        """Return the point of this trial, (axes,) float64."""
        from cmaes import CMA

        _, observed = self._observations(study)
        if len(observed.points) < self._first:
            return self._sobol()
        size = self._cube.size
        evolution = CMA(
            mean=np.full(size, 0.5),
            sigma=0.3,  # about the deviation of the first points, which are spread evenly
            bounds=np.tile([0.0, 1.0], (size, 1)),
            population_size=self._size,
            seed=self._own >> 31,
        )
        ranks = _ranks(observed)
        for start in range(0, len(ranks) - self._size + 1, self._size):
            places = range(start, start + self._size)
            evolution.tell([(observed.points[k], float(ranks[k])) for k in places])
        return np.asarray(evolution.ask())


def _ranks(observed: Observations) -> Sequence[int]:
    """Return each trial's rank: feasible ones by their first cost, then the least violating."""
    order = np.lexsort((observed.costs[:, 0], observed.violation))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return [int(rank) for rank in ranks]

"""Samplers by name. Each trial gets a fresh one: what it draws is a function of its number."""

from importlib.util import find_spec
from typing import Final

from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial

from engine.errors import InputError
from engine.rng import Purpose, derive_seed
from engine.spec.study import Search

_SEED_BITS: Final = 32
"""NumPy's legacy generator takes no longer seeds."""


def check_sampler(search: Search) -> None:
    """Refuse a sampler whose library is not there.

    Raises
    ------
    InputError
        For `gp` without torch.
    """
    if search.sampler == "gp" and find_spec("torch") is None:
        raise InputError(
            "search.sampler",
            "gp needs torch, which is not installed",
            "tpe, nsga2, random; gp with the extra `gp`",
            "pip install poquan[gp], or take search=tpe",
        )


def make_sampler(search: Search, seed: int, number: int) -> BaseSampler:
    """Return the sampler that proposes trial `number`.

    A sampler's own state dies with its process; one that is made anew from (seed, number)
    and the finished trials proposes the same after a resume.
    """
    own = derive_seed(seed, Purpose.TRIAL, number) >> (63 - _SEED_BITS)
    match search.sampler:
        case "tpe":
            return TPESampler(n_startup_trials=search.startup_count, seed=own)
        case "nsga2":
            return OrderedNSGAII(population_size=max(2, search.startup_count), seed=own)
        case "gp":
            return GPSampler(n_startup_trials=search.startup_count, seed=own)
        case "random":
            return RandomSampler(seed=own)


class OrderedNSGAII(NSGAIISampler):
    """NSGA-II whose parents come in the order of their numbers.

    Optuna returns them by crowding when it selects them and by number when it finds them
    remembered, and so the children would depend on whether the process was restarted.
    """

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Select the parents of a generation."""
        return sorted(super().select_parent(study, generation), key=lambda trial: trial.number)

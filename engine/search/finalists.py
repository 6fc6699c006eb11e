"""Who is looked at again, on luck and buyers that no trial has met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.compute import Failure, Pool
from engine.errors import PoquanError
from engine.search import frontier
from engine.search.evaluate import Trials, without_details
from engine.search.judge import Judge
from engine.search.kept import KeptYears
from engine.search.study import Trial, feasible
from engine.year import Year


@dataclass(frozen=True)
class Finalist:
    """A trial and its years on fresh luck, world by world."""

    trial: Trial
    years: list[Year]


def choose(trials: Sequence[Trial], judge: Judge, count: int) -> list[Trial]:
    """Return all baselines, then `count` found policies.

    The feasible ones come rank by rank of domination among all feasible trials; if they
    are too few, those follow that violate the constraints least. What failed is left out.
    """
    good = [trial for trial in trials if trial.seen.reason is None]
    able = feasible(good, judge)
    rank = frontier.ranks([judge.costs(trial.seen.means) for trial in able])
    found: list[Trial] = []
    for level in range(max(rank, default=-1) + 1):
        front = [
            trial
            for trial, own in zip(able, rank, strict=True)
            if own == level and not trial.is_baseline
        ]
        costs = [judge.costs(trial.seen.means) for trial in front]
        found += [front[k] for k in frontier.spread(costs, count - len(found))]
    numbers = {trial.number for trial in able}
    rest = [trial for trial in good if trial.number not in numbers and not trial.is_baseline]
    rest.sort(key=lambda trial: (judge.total_violation(trial.seen.means), trial.number))
    baselines = [trial for trial in good if trial.is_baseline]
    return baselines + found + rest[: count - len(found)]


def evaluate_again(
    chosen: Sequence[Trial],
    pool: Pool,
    trials: Trials,
    kept: KeptYears,
    on_years: Callable[[int], None],
) -> tuple[list[Finalist], list[str]]:
    """Simulate the chosen on fresh luck.

    Parameters
    ----------
    kept
        Has the years of the finalists that finished before, and gets those of the others.
    on_years
        Hears how many years are done.

    Returns
    -------
    The finalists, and a sentence for each that failed.

    Raises
    ------
    PoquanError
        If all of them fail.
    """
    finalists, notes, done = [], [], 0
    known = {trial.number: kept.get(trial.number) for trial in chosen}
    todo = [(trial.policy, trial.number) for trial in chosen if known[trial.number] is None]
    found = trials.outcomes(pool, todo)
    for trial in chosen:
        years = known[trial.number]
        failures: list[Failure] = []
        if years is None:
            outcomes = next(found)
            failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
            years = [without_details(year) for year in outcomes if isinstance(year, Year)]
            if not failures:
                kept.put(trial.number, years)
        if failures:
            notes.append(f"{trial.policy.name} failed on fresh luck: {failures[0].reason}")
        else:
            finalists.append(Finalist(trial, years))
        done += trials.years_count
        on_years(done)
    if not finalists:
        raise PoquanError("all finalists failed on fresh luck:\n  " + "\n  ".join(notes))
    return finalists, notes

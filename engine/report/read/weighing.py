"""How much runs and worlds count in means, and measures of policies over worlds weighed so."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row


class _Weighed(NamedTuple):
    """A measure of a policy: mean over worlds, and its change against another policy's."""

    value: float
    change: float | None

    @property
    def base(self) -> float | None:
        """The other policy's value."""
        return None if self.change is None else self.value - self.change


def by_world(study: StudyResults, policy: str, measure: str) -> dict[str, float]:
    """Return a policy's mean of a measure in each world, from its runs; empty without any."""
    found: dict[str, list[float]] = {}
    for row in study.runs:
        if row["policy"] == policy and row.get(measure) is not None:
            found.setdefault(row["world"], []).append(float(row[measure]))
    return {world: sum(values) / len(values) for world, values in found.items()}


def weighed(study: StudyResults, policy: str, measure: str, base: str | None) -> _Weighed | None:
    """Return a policy's mean over worlds, and its change against `base`; None without runs."""
    own = by_world(study, policy, measure)
    if not own:
        return None
    other = by_world(study, base, measure) if base and base != policy else {}
    same = own.keys() & other.keys()
    change = None
    if same == own.keys():
        change = _weighed_mean(study, {world: own[world] - other[world] for world in sorted(same)})
    return _Weighed(_weighed_mean(study, own), change)


def _weighed_mean(study: StudyResults, values: Mapping[str, float]) -> float:
    weights = study.world_weights()
    total = sum(weights.get(world, 0.0) for world in values)
    if total <= 0:
        return sum(values.values()) / len(values)
    return sum(weights.get(world, 0.0) * value for world, value in values.items()) / total


def run_shares(runs: Sequence[Row], worlds: Sequence[Row]) -> dict[tuple[str, str], float]:
    """Return by policy and world how much one run counts; those of a policy add up to 1.

    Parameters
    ----------
    runs : rows with `policy` and `world`, one a run.
    worlds : rows of `worlds`, whose weights count; none: all runs alike.
    """
    counts = Counter((row["policy"], row["world"]) for row in runs)
    weights = {row["world"]: row["weight"] for row in worlds}
    whole: dict[str, float] = {}
    for (policy, world), count in counts.items():
        whole[policy] = whole.get(policy, 0.0) + (weights.get(world, 0.0) if weights else count)
    return {
        (policy, world): (weights.get(world, 0.0) / count if weights else 1.0)
        / (whole[policy] or 1.0)
        for (policy, world), count in counts.items()
    }

"""What a reader must not take from the numbers: small samples, and the limits of a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.report.findings.calibration import CALIBRATION_LIMITS
from engine.report.findings.sensitivity import SENSITIVITY_LIMITS
from engine.report.read.results_model import StudyResults, setting
from engine.results import list_tables, provenance_of, read_table
from engine.results.schemas import Row

_FEW_BUYERS: Final = 10_000
"""Fewer simulated buyers shift the means and the concentration, not only the noise."""


_FEW_REPLICATIONS: Final = 4
"""Fewer replications a policy leave intervals that say little."""


_RESPONSE_LIMITS: Final = (
    "Each lever moved alone: several together may do more or less than the sum of each.",
    "A lever stayed at one value throughout: a path over the year may do better than any.",
    "The best of several points looks better than it is: repeat it on other seeds.",
    "What comes after the days of run-off is not counted.",
)

WORLDS_ALIKE: Final = (
    "All worlds weigh alike in these means; experiments.optimize weighs them by how well they fit "
    "what was observed."
)
"""Said of means over several worlds where no search has weighed them."""

ONE_REPLICATION: Final = "One replication a policy: nothing is known of the noise."


def pairs_note(row: Row) -> str:
    """Say of a paired difference how many replications and worlds it rests on."""
    units, worlds = row["units_count"], row["worlds_count"]
    told = f"{units} replication{'' if units == 1 else 's'}"
    return told if worlds == 1 else f"{told} of {worlds} worlds"


def small_sample(config: Mapping[str, Any], runs: Sequence[Row]) -> str | None:
    """Return a sentence if the sample is too small to be believed, else None.

    Parameters
    ----------
    config
        The resolved config, which knows the simulated buyers.
    runs
        Rows of `runs`; worlds share random streams, so replications are what counts.
    """
    few = []
    buyers = setting(config, "scale", "buyers_count")
    if buyers and buyers < _FEW_BUYERS:
        few.append(f"{buyers:,} simulated buyers")
    count = replications_count(runs)
    if 0 < count < _FEW_REPLICATIONS:
        few.append(f"{count} replication{'s' if count > 1 else ''} a policy")
    if not few:
        return None
    return (
        f"small sample: {' and '.join(few)}; the figures mean little, and policies may change"
        f" places. Ask for {_FEW_BUYERS:,} buyers and {_FEW_REPLICATIONS} replications at least"
    )


def sample_note(folder: Path) -> str | None:
    """Return what `small_sample` says of the runs in a results folder, if it holds any."""
    if "runs" not in list_tables(folder):
        return None
    table = read_table(folder, "runs")
    return small_sample(provenance_of(table)["config"], table.to_pylist())


def replications_count(runs: Sequence[Row]) -> int:
    """Return the most replications that a policy has; 0 without any run.

    Who fell out of a search early has fewer, and is no part of its answer.
    """
    seen: dict[str, set[int]] = {}
    for row in runs:
        seen.setdefault(row["policy"], set()).add(row["replication"])
    return max((len(found) for found in seen.values()), default=0)


def limits(study: StudyResults) -> list[str]:
    """Return what a reader must not take from the numbers."""
    worlds = {row["world"] for row in study.runs}
    buyers, pool = (
        study.setting("scale", "buyers_count"),
        study.setting("scenario", "platform", "pool_count"),
    )
    said = ["These are numbers of a model, not of a company. Compare policies; do not forecast."]
    if buyers and pool and buyers < pool:
        said.append(
            f"{buyers:,} simulated buyers stand for {pool:,} people. Noise shrinks with a larger"
            " sample, and means and concentration shift with it too: repeat what matters at a"
            " larger scale."
        )
    span = study.goal_span() if study.target_fen and not study.prices else ""
    if span:
        said.append(
            f"P(reach) holds the goal against the sales of {span}: these are not the GMV that is "
            "shown, which is that of the horizon."
        )
    if study.calibration:
        return [*said, *CALIBRATION_LIMITS]
    if study.sensitivity:
        return [*said, *SENSITIVITY_LIMITS]
    if study.response:
        said += _RESPONSE_LIMITS
    if study.sweep:
        worlds = set(study.setting("ensemble", "worlds") or ())
    if study.sweep and not worlds:  # studies side by side, each with worlds of its own
        return said
    if len(worlds) <= 1:
        said.append(
            "One world: how strong the rival is, whether a head anchor leaves and how quickly"
            " brands join are taken as given. The intervals do not hold that doubt."
        )
    else:
        said.append(
            f"Means are over {len(worlds)} worlds{_weights(study)}. Intervals are those of their"
            " mean, over replications with a population and seed of their own: how far the worlds"
            " lie apart is not in them, and no replication narrows it."
        )
        said += [WORLDS_ALIKE] * (not study.searched)
    if study.searched:
        said.append(
            "The search tried a limited number of policies on a smaller population: a better one"
            " may exist. What is shown was simulated again in full, on fresh seeds."
        )
    return said


def _weights(study: StudyResults) -> str:
    """Say how much worlds count: of one main job its price table and its frontier differ."""
    if len({row["weight"] for row in study.worlds}) > 1:
        return (
            ": weighted by the actuals in the price of targets, in the plan and in what levers"
            " bring, and of equal weight in the frontier and the tables of policies"
        )
    return " of equal weight"

"""What the runs of a named experiment say of its claims.

A claim is a sum of policies' means with weights that add up to 0. Its value is taken in each
independent replication (`engine.stats.paired.independent_units`), whose populations and random
numbers all policies and worlds share, and the interval is Student's over the replications.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.case import RunResult
from engine.spec.experiment import Contrast, Experiment
from engine.stats.arrays import Floats, Ints
from engine.stats.intervals import Interval, mean_interval
from engine.stats.paired import independent_units, means_by

_HOLDS, _FAILS, _OPEN = "holds", "does not hold", "undecided"


def claim_rows(experiment: Experiment, results: Sequence[RunResult]) -> list[dict[str, Any]]:
    """Return the rows of `claims`: value, 95 % interval and verdict of every claim.

    The verdict is `holds` where the whole interval lies where the claim says, `does not hold`
    where none of it does, and else `undecided`.

    Parameters
    ----------
    experiment
        Whose policies and worlds the runs are of.
    results
        All of them, under common random numbers.
    """
    labels = [result.labels for result in results]
    units = independent_units(
        [own["replication"] for own in labels], [own["population"] for own in labels]
    )
    rows = []
    for name, claim in experiment.claims.items():
        found = mean_interval(_by_unit(claim, results, units))
        rows.append(
            {
                "claim": name,
                "says": claim.says,
                "measure": claim.measure,
                "expect": claim.expect,
                "within": claim.within,
                "value": found.value,
                "ci_low": found.low,
                "ci_high": found.high,
                "units_count": int(units.max()) + 1,
                "verdict": _verdict(claim, found),
            }
        )
    return rows


def _by_unit(claim: Contrast, results: Sequence[RunResult], units: Ints) -> Floats:
    """Return the claim's value in each replication, (units,) float64, in the measure's unit."""
    total = np.zeros(int(units.max()) + 1)
    for term, weight in claim.terms.items():
        policy, _, world = term.partition("@")
        own = [
            k
            for k, result in enumerate(results)
            if result.labels["policy"] == policy and world in {"", result.labels["world"]}
        ]
        values = np.array([results[k].run[claim.measure] for k in own], np.float64)
        total += weight * means_by(units[own], values)
    return total


def _verdict(claim: Contrast, found: Interval) -> str:
    if found.low is None or found.high is None:
        return _OPEN
    low, high = {
        "above": (0.0, np.inf),
        "below": (-np.inf, 0.0),
        "nil": (-(claim.within or 0.0), claim.within or 0.0),
    }[claim.expect]
    if low < found.low and found.high < high:
        return _HOLDS
    return _FAILS if found.high < low or found.low > high else _OPEN

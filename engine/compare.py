"""Paired differences between policies that met the same random numbers.

With common random numbers the runs of two policies under one (world, replication) form
a pair. The worlds of a replication share its random numbers, and so are averaged first: what is
independent are the replications, each with a population and seed of its own
(`engine.stats.paired.independent_units`), and the difference of their means has variance

    var(a - b) = var(a) + var(b) - 2 cov(a, b),

which is far below that of independent seeds when they move both alike. The gain is
reported as `variance_reduction` = (var(a) + var(b)) / var(a - b). The interval is that of the
mean over the worlds as they are listed. How far these lie apart is no noise that more
replications take away: it stands beside it, as the lowest and the highest mean of a world.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from engine.case import RunResult
from engine.errors import InputError
from engine.measures import catalogue
from engine.measures.run_off import RUN_OFF_MEASURES, value_label
from engine.stats.arrays import Floats, Ints
from engine.stats.intervals import Interval, mean_interval, ratio_interval
from engine.stats.paired import independent_units, means_by

INCREMENTAL: Final = "incremental_gmv_paid_per_subsidy_rmb"
"""Derived measure: RMB of GMV as paid gained per RMB of own coupons spent more."""


_Key = tuple[str, int, int, int]
"""World, replication, run seed, population."""
_Runs = Mapping[_Key, Mapping[str, Any]]


class _Pairs(NamedTuple):
    """Runs of a policy and of the baseline, pair by pair.

    `units` and `worlds` (pairs,) int64, the number of each pair's independent observation and
    of its world.
    """

    runs: Sequence[Mapping[str, Any]]
    base_runs: Sequence[Mapping[str, Any]]
    units: Ints
    worlds: Ints


def paired(
    results: Sequence[RunResult], baseline: str, measures: Sequence[str]
) -> list[dict[str, Any]]:
    """Compare every policy with `baseline`, measure by measure: the rows of `comparison`.

    Pairs are runs of equal world, replication, run seed and population. The last row of each
    policy is `INCREMENTAL`, whose `difference` is the ratio itself and which has no means.

    Parameters
    ----------
    results
        Runs of the policies and of the baseline.
    baseline
        Name of the policy to compare with.
    measures
        Columns of `runs`, numbers or truth values; or measures with run-off, where the runs
        have them among those of the run.

    Raises
    ------
    InputError
        If the baseline or a measure is unknown, or a policy shares no pair with it.
    """
    runs = _by_policy(results)
    _check(runs, baseline, measures)
    rows = []
    for policy in runs:
        if policy == baseline:
            continue
        keys = sorted(runs[policy].keys() & runs[baseline].keys())
        if not keys:
            raise InputError(
                where=f"policy {policy!r}",
                what=f"shares no world, replication and seed with the baseline {baseline!r}",
                allowed="policies simulated under common random numbers",
                remedy="simulate both with the same seed, worlds and replications",
            )
        a, b = ([runs[name][key] for key in keys] for name in (policy, baseline))
        pairs = _Pairs(a, b, *_units_and_worlds(keys))
        labels = {"policy": policy, "baseline": baseline, **_counts(pairs)}
        rows += [{**labels, **_difference_row(pairs, measure)} for measure in measures]
        rows.append({**labels, **_incremental_row(pairs)})
    return rows


def _units_and_worlds(keys: Sequence[_Key]) -> tuple[Ints, Ints]:
    names = list(dict.fromkeys(key[0] for key in keys))
    units = independent_units([key[1] for key in keys], [key[3] for key in keys])
    return units, np.array([names.index(key[0]) for key in keys], np.int64)


def _counts(pairs: _Pairs) -> dict[str, int]:
    return {
        "pairs_count": len(pairs.runs),
        "units_count": int(pairs.units.max()) + 1,
        "worlds_count": int(pairs.worlds.max()) + 1,
    }


def _by_policy(results: Sequence[RunResult]) -> dict[str, dict[_Key, Mapping[str, Any]]]:
    runs: dict[str, dict[_Key, Mapping[str, Any]]] = {}
    for result in results:
        labels = result.labels
        key = (labels["world"], labels["replication"], labels["seed"], labels["population"])
        runs.setdefault(labels["policy"], {})[key] = result.run
    return runs


def _check(runs: Mapping[str, _Runs], baseline: str, measures: Sequence[str]) -> None:
    if baseline not in runs:
        raise InputError(
            where="baseline",
            what=f"{baseline!r} is not among the simulated policies",
            allowed=", ".join(runs),
            remedy="name one of them",
        )
    for measure in measures:
        if measure not in {**catalogue.RUN, **RUN_OFF_MEASURES} and value_label(measure) is None:
            raise InputError(
                where="measures",
                what=f"{measure!r} is not measured",
                allowed=", ".join(catalogue.RUN),
                remedy="name one of them",
            )


def _difference_row(pairs: _Pairs, measure: str) -> dict[str, Any]:
    a, b = _column(pairs.runs, measure), _column(pairs.base_runs, measure)
    by_unit, base_by_unit = means_by(pairs.units, a), means_by(pairs.units, b)
    found = mean_interval(by_unit - base_by_unit)
    means = {"mean": float(by_unit.mean()), "baseline_mean": float(base_by_unit.mean())}
    gain = _variance_reduction(by_unit, base_by_unit)
    return means | _row(measure, found, gain, means_by(pairs.worlds, a - b))


def _variance_reduction(a: Floats, b: Floats) -> float | None:
    """Return (var a + var b) / var(a - b); None if one pair or no spread is left.

    Parameters
    ----------
    a, b
        (n,) float64, the same measure of two policies, pair by pair.
    """
    if len(a) < 2:
        return None
    left = float((a - b).var(ddof=1))
    return float(a.var(ddof=1) + b.var(ddof=1)) / left if left > 0 else None


def _incremental_row(pairs: _Pairs) -> dict[str, Any]:
    gain, spend = (
        _column(pairs.runs, name) - _column(pairs.base_runs, name)
        for name in ("gmv_paid_fen", "subsidy_fen")
    )
    found = ratio_interval(means_by(pairs.units, gain), means_by(pairs.units, spend))
    spent = means_by(pairs.worlds, spend)
    ratios = means_by(pairs.worlds, gain)[spent != 0] / spent[spent != 0]
    return {"mean": None, "baseline_mean": None} | _row(INCREMENTAL, found, None, ratios)


def _row(
    measure: str, found: Interval, variance_reduction: float | None, by_world: Floats
) -> dict[str, Any]:
    return {
        "measure": measure,
        "difference": found.value,
        "standard_error": found.standard_error,
        "ci_low": found.low,
        "ci_high": found.high,
        "lowest_world": float(by_world.min()) if by_world.size else None,
        "highest_world": float(by_world.max()) if by_world.size else None,
        "variance_reduction": variance_reduction,
    }


def _column(runs: Sequence[Mapping[str, Any]], measure: str) -> Floats:
    return np.array([run[measure] for run in runs], np.float64)

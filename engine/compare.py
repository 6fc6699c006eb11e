"""Paired differences between policies that met the same random numbers.

With common random numbers the years of two policies under one (world, replication) form
a pair, and the mean difference has variance

    var(a - b) = var(a) + var(b) - 2 cov(a, b),

which is far below that of independent seeds when they move both alike. The gain is
reported as `variance_reduction` = (var(a) + var(b)) / var(a - b).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.case import RunResult
from engine.errors import InputError
from engine.measures import catalogue
from engine.measures.run_off import RUN_OFF_MEASURES
from engine.stats.intervals import Interval, mean_interval, ratio_interval
from engine.stats.paired import variance_reduction

INCREMENTAL: Final = "incremental_gmv_paid_per_subsidy_rmb"
"""Derived measure: RMB of GMV as paid gained per RMB of own coupons spent more."""


_Key = tuple[str, int, int]
_Runs = Mapping[_Key, Mapping[str, Any]]


def paired(
    years: Sequence[RunResult], baseline: str, measures: Sequence[str]
) -> list[dict[str, Any]]:
    """Compare every policy with `baseline`, measure by measure: the rows of `comparison`.

    Pairs are years of equal world, replication and run seed. The last row of each policy
    is `INCREMENTAL`, whose `difference` is the ratio itself and which has no means.

    Parameters
    ----------
    years
        Years of the policies and of the baseline.
    baseline
        Name of the policy to compare with.
    measures
        Columns of `runs`, numbers or truth values; or measures with run-off, where the years
        have them among those of the run.

    Raises
    ------
    InputError
        If the baseline or a measure is unknown, or a policy shares no pair with it.
    """
    runs = _by_policy(years)
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
        labels = {"policy": policy, "baseline": baseline, "pairs_count": len(keys)}
        a, b = ([runs[name][key] for key in keys] for name in (policy, baseline))
        rows += [{**labels, **_difference_row(a, b, measure)} for measure in measures]
        rows.append({**labels, **_incremental_row(a, b)})
    return rows


def _by_policy(years: Sequence[RunResult]) -> dict[str, dict[_Key, Mapping[str, Any]]]:
    runs: dict[str, dict[_Key, Mapping[str, Any]]] = {}
    for year in years:
        labels = year.labels
        key = (labels["world"], labels["replication"], labels["seed"])
        runs.setdefault(labels["policy"], {})[key] = year.run
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
        if measure not in {**catalogue.RUN, **RUN_OFF_MEASURES}:
            raise InputError(
                where="measures",
                what=f"{measure!r} is not measured",
                allowed=", ".join(catalogue.RUN),
                remedy="name one of them",
            )


def _difference_row(
    runs: Sequence[Mapping[str, Any]], base_runs: Sequence[Mapping[str, Any]], measure: str
) -> dict[str, Any]:
    a, b = _column(runs, measure), _column(base_runs, measure)
    means = {"mean": float(a.mean()), "baseline_mean": float(b.mean())}
    return means | _row(measure, mean_interval(a - b), variance_reduction(a, b))


def _incremental_row(
    runs: Sequence[Mapping[str, Any]], base_runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    gain, spend = (
        _column(runs, name) - _column(base_runs, name) for name in ("gmv_paid_fen", "subsidy_fen")
    )
    no_means = {"mean": None, "baseline_mean": None}
    return no_means | _row(INCREMENTAL, ratio_interval(gain, spend), None)


def _row(measure: str, found: Interval, variance_reduction: float | None) -> dict[str, Any]:
    return {
        "measure": measure,
        "difference": found.value,
        "standard_error": found.standard_error,
        "ci_low": found.low,
        "ci_high": found.high,
        "variance_reduction": variance_reduction,
    }


def _column(runs: Sequence[Mapping[str, Any]], measure: str) -> NDArray[np.float64]:
    return np.array([run[measure] for run in runs], np.float64)

"""What of the runs a goal counts: their mean, the worst of them, or what was missed.

For costs x_{iwr} of policy i in world w and replication r, less being better:

    mean          mean over w, r of x
    cvar          mean of the worst share of the W·R runs (Rockafellar & Uryasev,
                  J. Risk 2(3), 2000; the run on the edge counts in part)
    worst_world   max over w of x̄_iw
    regret        max over w of (x̄_iw - min over j of x̄_jw), j the policies known to be
                  feasible, or all if none is (Savage, J. Am. Stat. Assoc. 46, 1951)

with x̄_iw the mean over replications. Worlds share their random numbers, so a replication of all
worlds is one observation. What a figure θ owes to replication r is its jackknife
pseudo-value (Tukey, Ann. Math. Stat. 29, 1958)

    θ_r = R θ - (R - 1) θ_(-r),

whose spread over √R is the figure's standard error; for the mean it is the replication's
own mean, exactly. For a cvar of few runs it is rough.
"""

import math
from collections.abc import Callable

import numpy as np

from engine.spec.search import RiskKind
from engine.stats.arrays import Flags, Floats


def risk_figures(costs: Floats, kind: RiskKind, share: float, feasible: Flags) -> Floats:
    """Return the figure of every policy and goal, (n, goals).

    Parameters
    ----------
    costs
        (n, goals, worlds, replications) float64, less is better, each goal in its own unit.
    kind
        Which figure: see the module's equations.
    share
        Share of the runs that `cvar` averages, above 0 and up to 1.
    feasible
        (n,) bool, the policies that regret is measured against.

    Returns
    -------
    (n, goals) float64, in the goals' units.
    """
    if kind == "cvar":
        return _cvar(costs.reshape(*costs.shape[:2], -1), share)
    by_world = costs.mean(axis=-1)
    if kind == "mean":
        return np.asarray(by_world.mean(axis=-1))
    if kind == "regret" and len(costs):
        by_world = by_world - by_world[feasible if feasible.any() else ~feasible].min(axis=0)
    return np.asarray(by_world.max(axis=-1))


def pseudo_values(figure: Callable[[Floats], Floats], sample: Floats) -> Floats:
    """Return the jackknife's pseudo-values of `figure(sample)`, with a last axis over r.

    With one replication it is the figure itself: its spread is not known.

    Parameters
    ----------
    figure
        Takes a sample of any count of replications, on its last axis, and drops axes at
        will.
    sample
        (..., replications) float64.

    Returns
    -------
    (figure's shape..., replications) float64, in the figure's unit.
    """
    count = sample.shape[-1]
    whole = figure(sample)
    if count < 2:
        return whole[..., None]
    without = [figure(np.delete(sample, r, axis=-1)) for r in range(count)]
    return np.stack([count * whole - (count - 1) * part for part in without], axis=-1)


def _cvar(runs: Floats, share: float) -> Floats:
    """Return the mean of the worst `share` of the runs, along the last axis."""
    count = share * runs.shape[-1]
    worst = -np.sort(-runs, axis=-1)
    weights = np.clip(count - np.arange(runs.shape[-1]), 0.0, 1.0)
    return np.asarray(worst @ weights / math.fsum(weights))

"""Policies that were simulated under common random numbers, compared pair by pair.

The difference of two policies a and b under the same random numbers has the variance

    var(a - b) = var(a) + var(b) - 2 cov(a, b),

far below that of independent seeds where they move both alike.
"""

from collections.abc import Sequence

import numpy as np

from engine.stats.arrays import Floats, Ints


def independent_units(replications: Sequence[int], populations: Sequence[int]) -> Ints:
    """Number the independent observations among runs of worlds x replications.

    A replication is one draw of a population and of random numbers that all its worlds share: its
    runs are one observation. Replications that meet the same populations, out of several, are one
    too; where all meet the same ones, these are given, and what is independent are the seeds.

    Parameters
    ----------
    replications, populations
        Of each run: the number of its replication, the seed of its population.

    Returns
    -------
    (runs,) int64, from 0.
    """
    met: dict[int, set[int]] = {}
    for replication, population in zip(replications, populations, strict=True):
        met.setdefault(replication, set()).add(population)
    groups = {replication: tuple(sorted(found)) for replication, found in met.items()}
    if len(set(groups.values())) == 1:
        groups = {replication: (replication,) for replication in met}
    numbers = {group: k for k, group in enumerate(dict.fromkeys(groups.values()))}
    return np.array([numbers[groups[replication]] for replication in replications], np.int64)


def means_by(groups: Ints, values: Floats, weights: Floats | None = None) -> Floats:
    """Return the mean of the values of each group, (groups,) float64, in their unit.

    Parameters
    ----------
    groups
        (n,) int64, the number of each value's group, from 0 without gaps.
    values
        (n,) float64.
    weights
        (n,) float64, how much each counts; not all 0 in a group. Without them all count the same.
    """
    if weights is None:
        return np.asarray(np.bincount(groups, values) / np.bincount(groups))
    return np.asarray(np.bincount(groups, weights * values) / np.bincount(groups, weights))


def paired_variance(by: Floats) -> Floats | None:
    """Return the variance of one replication that policies do not share; None if unknown.

    With x_ir what policy i shows in replication r,

        x_ir = μ_i + ρ_r + ε_ir,    s² = Σ_ir (x_ir - x̄_i. - x̄_.r + x̄_..)² / ((n - 1)(R - 1))

    estimates the variance of ε over all pairs at once; that of a paired difference is twice
    it (two-way layout without interaction; Scheffé, The Analysis of Variance, 1959, ch. 4).

    Parameters
    ----------
    by
        (n, figures, R) float64: n policies, their figures by replication.

    Returns
    -------
    (figures,) float64, in squared units of the figures.
    """
    count, _, replications = by.shape
    freedom = (count - 1) * (replications - 1)
    if freedom < 1:
        return None
    rest = by - by.mean(axis=2, keepdims=True)
    rest = rest - rest.mean(axis=0)
    return np.asarray((rest**2).sum(axis=(0, 2)) / freedom)


def reliability(by: Floats) -> Floats:
    """Return what share of the differences between policies is no noise.

        rel = 1 - (s² / R) / var_i(x̄_i.)

    with s² of `paired_variance`; from 0 to 1, and 1 where it is unknown or nothing differs.

    Parameters
    ----------
    by
        (n, figures, R) float64: n policies, their figures by replication.

    Returns
    -------
    (figures,) float64, without unit.
    """
    figures, replications = by.shape[1:]
    variance = paired_variance(by)
    if variance is None:
        return np.ones(figures)
    between = by.mean(axis=2).var(axis=0, ddof=1)
    noise = variance / replications
    share = np.divide(noise, between, out=np.zeros(figures), where=between > 0)
    return np.asarray(np.clip(1 - share, 0.0, 1.0))


def rank_correlation(a: Floats, b: Floats) -> float:
    """Return Spearman's rank correlation, from -1 to 1.

    Not-a-number if both are constant, 0 if one is.

    Parameters
    ----------
    a, b
        (n,) float64, two figures of the same policies.
    """
    ranks = [_average_ranks(values) - (len(values) - 1) / 2 for values in (a, b)]
    lengths = [float(np.sqrt(own @ own)) for own in ranks]
    if not any(lengths):
        return float("nan")
    return float(ranks[0] @ ranks[1] / (lengths[0] * lengths[1])) if all(lengths) else 0.0


def _average_ranks(values: Floats) -> Floats:
    """Return ranks from 0, (n,) float64; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    return np.asarray((first + (counts - 1) / 2)[place])

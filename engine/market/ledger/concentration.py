"""How the day's expected sales spread over anchors: by tier, and how unequally."""

import numpy as np

from engine.jit import kernel
from engine.market.streams import TO_COME
from engine.measures.catalogue import CONCENTRATION
from engine.population.draws import Floats

BRANDS = 3
"""Place of the brands' own accounts beside the three tiers of anchors."""


@kernel
def spread(
    gmv, visits, presence, tier, is_brand, regular, weight, month_gmv, total_visits, groups, sold
):
    """Add up the day by anchor, and by tier and brand accounts into `groups` (fen).

    Returns how many anchors have begun and how many of them sold; `sold` is what they sold,
    in the simulated sample.

    `gmv` (float64, sample fen), `visits` (int64), `presence`, `tier` (uint8) and `is_brand` (bool)
    by anchor; `regular` of them are no guests; `weight` people a simulated buyer. Adds to
    `month_gmv` (float64, fen) and `total_visits` (int64), both real; overwrites `groups`
    (float64, 4) and `sold` (float64, by anchor).
    """
    begun, sellers = 0, 0
    groups[:] = 0.0
    for m in range(gmv.size):
        begun += presence[m] != TO_COME
        if visits[m] == 0:
            continue
        total_visits[m] += visits[m] * weight
        month_gmv[m] += gmv[m] * weight
        if m < regular:
            groups[tier[m]] += gmv[m] * weight
        if is_brand[m]:
            groups[BRANDS] += gmv[m] * weight
        if gmv[m] > 0.0:
            sold[sellers] = gmv[m]
            sellers += 1
    return begun, sellers


def concentration(values: Floats, others: int = 0) -> dict[str, float]:
    """Top shares, Gini and Herfindahl index of what anchors sold, and `others` sold nothing.

    Gini = sum_k (2k - n - 1) x_k / (n sum x), x rising; HHI = sum of squared shares.
    """
    n = values.size + others
    return dict(zip(CONCENTRATION, _concentrate(np.sort(values), n), strict=True))


@kernel
def _concentrate(rising, n):
    """The measures of `CONCENTRATION` of `n` values, those not given being 0."""
    total, weighted, squares = 0.0, 0.0, 0.0
    top1, top10, top100 = 0.0, 0.0, 0.0
    for k in range(rising.size):
        value, rank = rising[k], n - rising.size + k + 1
        total += value
        weighted += (2 * rank - n - 1) * value
        squares += value * value
        top1 += value if rank > n - 1 else 0.0
        top10 += value if rank > n - 10 else 0.0
        top100 += value if rank > n - 100 else 0.0
    if total <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    return (
        top1 / total,
        top10 / total,
        top100 / total,
        weighted / (n * total),
        squares / (total * total),
    )

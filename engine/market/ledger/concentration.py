"""How the day's expected sales spread over anchors: by tier, and how unequally.

A row counts as the anchors that it stands for, all equal.
"""

import numpy as np

from engine.jit import kernel, step
from engine.market.streams import TO_COME
from engine.market.totals import (
    AMOUNT_ANCHORS,
    AMOUNT_COMMISSION,
    AMOUNT_GMV,
    BRANDS,
    add_up_in_pairs,
)
from engine.measures.catalogue import CONCENTRATION
from engine.population.draws import Floats


@kernel
def add_spread(
    day_totals, totals, presence, streamed, anchors, weight, month_gmv, total_visits, spread
):
    """Add up the day by row, and by tier and brand accounts; overwrites `spread`.

    Returns how many anchors streamed, how many rows sold, and how many anchors have begun and
    sold nothing.

    By row: `presence` (uint8), `streamed` (bool), and what the day's `totals` and `day_totals`
    (sample fen) and `anchors` say; `weight` people a simulated buyer. Adds to
    `month_gmv` (float64, fen) and `total_visits` (int64), both real.
    """
    gmv, commission = day_totals.anchor_gmv, day_totals.anchor_commission
    visits, groups = totals.visits, spread.groups
    begun, live, sellers = 0.0, 0.0, 0
    groups[:] = 0.0
    for m in range(gmv.size):
        many, tier, is_regular = anchors.stands_for[m], anchors.tier[m], m < anchors.guests_from
        has_begun = np.float64(presence[m] != TO_COME)
        begun += many * has_begun
        live += many * np.float64(streamed[m])
        groups[AMOUNT_ANCHORS, tier] += many * has_begun * np.float64(is_regular)
        if visits[m] == 0:
            continue
        total_visits[m] += visits[m] * weight
        month_gmv[m] += gmv[m] * weight
        if is_regular:
            groups[AMOUNT_GMV, tier] += gmv[m] * weight
            groups[AMOUNT_COMMISSION, tier] += commission[m] * weight
        if anchors.is_brand[m]:
            groups[AMOUNT_GMV, BRANDS] += gmv[m] * weight
        if gmv[m] > 0.0:
            spread.sold[sellers] = gmv[m] / many
            spread.stands_for[sellers] = many
            sellers += 1
    return live, sellers, begun - add_up_in_pairs(spread.stands_for[:sellers])


def concentration(values: Floats, stands_for: Floats, others: float = 0.0) -> dict[str, float]:
    """Top shares, Gini and Herfindahl index of what anchors sold, and `others` sold nothing.

    `values`, float64 (rows,), of one anchor of each row, which stands for so many (`stands_for`,
    float64 (rows,)). With k the rank from below, n anchors and x rising:

    Gini = sum_k (2k - n - 1) x_k / (n sum x); HHI = sum of squared shares.
    """
    found = _concentrate(values, stands_for, np.argsort(values), others)
    return dict(zip(CONCENTRATION, found, strict=True))


@kernel
def _concentrate(values, stands_for, order, others):
    """The measures of `CONCENTRATION` of values that rise in `order`, and `others` of 0.

    Of w equal anchors above s smaller ones the factors 2k - n - 1 add up to w (2s + w - n).
    """
    total, weighted, squares = 0.0, 0.0, 0.0
    top1, top10, top100 = 0.0, 0.0, 0.0
    n, above = add_up_in_pairs(stands_for) + others, 0.0
    for k in order:
        above += stands_for[k]
    below = n - above
    for k in order:
        value, many = values[k], stands_for[k]
        total += many * value
        weighted += many * (2.0 * below + many - n) * value
        squares += many * value * value
        below += many
        top1 += _among(below, many, n - 1.0) * value
        top10 += _among(below, many, n - 10.0) * value
        top100 += _among(below, many, n - 100.0) * value
    if total <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    return (
        top1 / total,
        top10 / total,
        top100 / total,
        weighted / (n * total),
        squares / (total * total),
    )


@step
def _among(last, many, edge):
    """How many of the `many` anchors up to rank `last` lie beyond rank `edge`."""
    return min(max(last - edge, 0.0), many)

"""The brand plan (M12): capped prices on festival days, a commission floor, joining if it pays.

A member's unit profit at the cap times the looks that the plan brings must beat its
unit profit outside:  lift * (p_cap / p)^(-eta) * m_cap * belief >= m * threshold.
"""

from engine.jit import rule


@rule
def capped_price_fen(price_fen, elsewhere_fen, cap_bp):
    """min(price, cap * price elsewhere), whole fen, at least 1."""
    return max(1, min(price_fen, elsewhere_fen * cap_bp // 10_000))


@rule
def plan_pays(price, capped, cost, fee_outside, fee_inside, elasticity, lift, threshold):
    """Whether a seller gains by joining; prices and cost in fen, fees as shares of price."""
    outside = price * (1.0 - fee_outside) - cost
    inside = capped * (1.0 - fee_inside) - cost
    units = lift * (price / capped) ** elasticity
    return inside > 0.0 and units * inside >= outside * threshold

"""What a serious look is worth (M8): utility of a good and of the outside option, and the nest.

    V_ij = v_j + beta_aff * affinity_im + beta_imp * impulse_i * charisma_m
         + beta_q * trust_ik * quality_j + beta_b * brand_j * taste_i - alpha_i * B(x_ij)
    V_i0 = v0 + rival_t - beta_h * habit_i
    B(x) = (x^lambda - 1) / lambda, lambda = 0: ln x
    x_ij = paid_j / (elsewhere_j * memory_i^w)                          (M23)

    P(j) = P(j | nest) P(nest),   P(j | nest) = exp(V_j / l) / S,   S = sum_k exp(V_k / l)
    P(nest) = S^l / (exp V_0 + S^l)

The goods of a look are one nest against the outside option, with dissimilarity l in (0, 1]:
near 0 a coupon moves buyers from good to good, at l = 1, the plain logit, as readily from not
buying at all. With weights exp(V_j / l) the outside option has exp(V_0) S^(1 - l).

McFadden 1978; Train, Discrete Choice Methods with Simulation, 2nd ed. 2009, ch. 3-4; Box & Cox
1964.
"""

import math

import numpy as np

from engine.jit import rule
from engine.rules.fastmath import exp32, log32

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@rule
def log_price_ratio(paid_fen, elsewhere_fen):
    """ln(paid / elsewhere)."""
    return log32(np.float32(paid_fen) * np.float32(1.0 / elsewhere_fen))


@rule
def price_term(log_ratio, curvature):
    """The part of B that only depends on the good: ratio^lambda, or ln ratio at 0.

    `log_ratio` is ln(paid / elsewhere); once per good, coupon class and day.
    """
    if curvature == np.float32(0.0):
        return log_ratio
    return exp32(curvature * log_ratio)


@rule
def memory_term(log_memory, weight, curvature):
    """The part of B that only depends on the buyer: memory^(-w lambda), or -w ln memory."""
    if curvature == np.float32(0.0):
        return -weight * log_memory
    return np.float32(math.exp(-weight * curvature * log_memory))


@rule
def price_disutility(good_term, buyer_term, curvature):
    """B(x) from its two parts."""
    if curvature == np.float32(0.0):
        return good_term + buyer_term
    return (good_term * buyer_term - _ONE) / curvature


@rule
def stream_utility(beta_affinity, affinity, beta_impulse, impulse, charisma):
    """What all goods of one stream share: liking and being carried away."""
    return beta_affinity * affinity + beta_impulse * impulse * charisma


@rule
def good_utility(stream, own, beta_quality, trust, quality, beta_brand, brand, taste):
    """V_ij before the price; `own` is v_j."""
    return stream + own + beta_quality * trust * quality + beta_brand * brand * taste


@rule
def nested_outside(utility, nest, weight_sum):
    """Ln of the outside option's weight beside goods' weights exp(V / nest) of this sum."""
    if weight_sum > _ZERO:
        return utility + (_ONE - nest) * log32(weight_sum)
    return utility


@rule
def outside_utility(level, beta_habit, habit):
    """V_i0; `level` is v0 plus the rival's pull of the day (M22)."""
    return level - beta_habit * habit

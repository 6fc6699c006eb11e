"""Coupons: how much an order gets, and who pays for it (M4, M13, M14, M16, M17).

rate = kind's rate (or the new-buyer rate if larger) * tier factor * boost, at most 90 %
coupon = min(price * rate, cap), whole fen, rounded down
share of a mean price = min(rate, 90 %, cap / price)
partner's part = coupon * partner share on the partner's goods
"""

import numpy as np

from engine.jit import rule
from engine.units import BP

_HIGHEST_RATE_BP = 9_000


@rule
def coupon_rate_bp(kind_rate, new_buyer_rate, is_new, tier_factor, boost):
    """Coupon rate in basis points; `is_new` marks a first order."""
    rate = max(kind_rate, new_buyer_rate) if is_new else kind_rate
    return min(int(rate * tier_factor * boost * BP + 0.5), _HIGHEST_RATE_BP)


@rule
def coupon_fen(price_fen, rate, cap_fen):
    """What the coupon takes off one order, whole fen as a float.

    A millionth of a fen keeps whole products whole: exact for prices up to 10^9 fen.
    """
    return min(np.floor(price_fen * rate + 1e-6), float(cap_fen))


@rule
def mean_share(rate, cap_fen, price_fen):
    """A coupon's share of a mean price in fen; at 0 the price is not known."""
    share = min(rate, _HIGHEST_RATE_BP / BP)
    return min(share, cap_fen / price_fen) if price_fen > 0.0 else share


@rule
def partner_part_fen(coupon, partner_share_bp):
    """The partner's part of a coupon; the platform pays the rest."""
    return coupon * partner_share_bp // BP

"""Commission per sale (CPS) that an anchor asks, and the split of an order's money.

cps = max(kind's offer * (1 + bargaining * strength), floor for plan members)
supplier = price - commission - take        (buyer's payment + coupon = price)
"""

from engine.jit import rule
from engine.units import BP

_HIGHEST_CPS_BP = 6_000


@rule
def asked_cps_bp(offer, bargaining, strength, floor):
    """Commission in basis points; `strength` in [0, 1], strongest anchor 1 (M6)."""
    asked = max(offer * (1.0 + bargaining * strength), floor)
    return min(int(asked * BP + 0.5), _HIGHEST_CPS_BP)


@rule
def part_fen(price_fen, share_bp):
    """A share of a price in whole fen, rounded down."""
    return price_fen * share_bp // BP

"""Shop windows: what shown goods are like and cost today (M6, M12); here coupons are applied."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage
from engine.kernels.state import N_COUPON_CLASSES, WITHOUT_PARTNER, Shop
from engine.rules.brand import known_brand
from engine.rules.choice import price_term
from engine.rules.commission import asked_cps_bp
from engine.rules.fastmath import log32
from engine.rules.investment import cheapened, improved
from engine.rules.price_cap import capped_price_fen
from engine.rules.subsidy import coupon_fen, coupon_rate_bp
from engine.units import N_KINDS, N_TIERS, Kind

_PARTNER = int(Kind.PARTNER)
_CLASSES = N_COUPON_CLASSES


class WindowRoom(NamedTuple):
    """Room to dress in.

    `rates` of coupons (basis points) by kind, for the class without one and those with one.
    `log_ratio` and `price_term` are the shop's, seen as flat: all logarithms are one loop.
    """

    rates: NDArray[np.float64]
    log_ratio: NDArray[np.float32]
    price_term: NDArray[np.float32]


def window_room(shop: Shop) -> WindowRoom:
    """The room for a shop."""
    rates = np.zeros((N_KINDS, 1 + WITHOUT_PARTNER))
    return WindowRoom(rates, shop.log_ratio.reshape(-1), shop.price_term.reshape(-1))


@kernel
def dress_window(shop, anchors, sellers, goods, terms, supply, levers, boost, room):
    """Today's quality, brand, price, commission and coupons of every place.

    Empty places get some price, which nobody reads.
    """
    set_rates(levers, boost, room.rates)
    for m in range(shop.shown.size):
        price_places(m, anchors.strength[m], shop, sellers, goods, terms, supply, levers)
        price_classes(m, shop, room.rates, levers.cap_fen)
    compare_prices(room.log_ratio, room.price_term, np.float32(terms.curvature))


@stage
def set_rates(levers, boost, rates):
    """The coupons of the platform's classes, basis points by kind; `boost` is the push's."""
    for kind in range(N_KINDS):
        for holder in range(WITHOUT_PARTNER):  # by tier, then by tier for a first order
            rates[kind, 1 + holder] = coupon_rate_bp(
                levers.rate[kind],
                levers.new_buyer_rate,
                holder >= N_TIERS,
                levers.tier_factor[holder % N_TIERS],
                levers.festival_boost * boost,
            )


@stage
def price_places(anchor, strength, shop, sellers, goods, terms, supply, levers):
    """What one anchor's goods are like today, and their price and commission."""
    discounted = 1.0 - terms.head_discount * strength
    for j in range(shop.good.shape[1]):
        good, kind, supplier = shop.good[anchor, j], shop.kind[anchor, j], shop.supplier[anchor, j]
        member = sellers.in_plan[supplier]
        lowest = cheapened(goods.cost[good], supply.cost_cut, levers.built)
        price = max(np.int64(sellers.price[good] * discounted), np.int64(lowest))
        capped = price
        if member and levers.plan_day:
            capped = capped_price_fen(price, goods.elsewhere[good], levers.price_cap_bp)
        floor = levers.cps_floor if member else 0.0
        quality = improved(goods.quality[good], supply.quality_gain, levers.built)
        shop.quality[anchor, j] = np.float32(quality)
        brand = known_brand(goods.brand[good], sellers.awareness[supplier])
        shop.brand[anchor, j] = np.float32(brand)
        shop.capped[anchor, j] = capped < price
        shop.price[anchor, j] = capped
        asked = asked_cps_bp(supply.offer[kind], terms.bargaining, strength, floor)
        shop.cps_bp[anchor, j] = asked


@stage
def price_classes(anchor, shop, rates, cap_fen):
    """The subsidy: what each coupon class pays for one anchor's goods, and the ratio to elsewhere.

    The ratio goes where its logarithm will stand.
    """
    for j in range(shop.good.shape[1]):
        price, kind = np.float64(shop.price[anchor, j]), shop.kind[anchor, j]
        rate = rates[kind]
        per_fen = np.float32(1.0 / shop.elsewhere[anchor, j])
        inside = np.float64(not shop.links_out[anchor, j])
        for c in range(_CLASSES):
            if c <= WITHOUT_PARTNER:
                paid = max(price - coupon_fen(price, rate[c] * inside, cap_fen), 1.0)
                shop.paid[anchor, c, j] = np.int32(paid)
                shop.log_ratio[anchor, c, j] = np.float32(paid) * per_fen
            else:
                like = 0 if kind == _PARTNER else c - WITHOUT_PARTNER
                shop.paid[anchor, c, j] = shop.paid[anchor, like, j]
                shop.log_ratio[anchor, c, j] = shop.log_ratio[anchor, like, j]


@stage
def compare_prices(log_ratio, price_term_of, curvature):
    """Logarithms of all price ratios, and the part of B(x) that they give."""
    for k in range(log_ratio.size):
        log_ratio[k] = log32(log_ratio[k])
    for k in range(log_ratio.size):
        price_term_of[k] = price_term(log_ratio[k], curvature)

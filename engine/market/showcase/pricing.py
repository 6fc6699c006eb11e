"""Showcases: what shown goods are like and cost today (M6, M12); here coupons are applied."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage, step
from engine.market.streams import N_COUPON_CLASSES, WITHOUT_PARTNER, StreamTable
from engine.rules.choice import price_term
from engine.rules.commission import asked_cps_bp
from engine.rules.fastmath import log32
from engine.rules.price_cap import capped_price_fen
from engine.rules.selection import quality_shown
from engine.rules.subsidy import coupon_fen, coupon_rate_bp
from engine.units import BP, N_TIERS

_BLOCK = 128
"""Anchors whose places are priced together: long loops over what stays cached."""

_EVERY_SUPPLIER = np.int32(-2)
"""Own supplier of a guest, who brings what it sells."""


class PricingScratch(NamedTuple):
    """The places of all showcases in one row, so that each step is one loop over many of them.

    Views of the streams: `kind`, `links_out`, `price`, `elsewhere` and, by coupon class, `paid`,
    `price_term` and `priced_as`. Room: a coupon's `shares` of the price by class and kind; by place
    of a block of anchors its `share` and `per_fen` = 1 / price elsewhere. `is_co_funded` by kind.
    """

    kind: NDArray[np.uint8]
    links_out: NDArray[np.bool_]
    price: NDArray[np.int64]
    elsewhere: NDArray[np.int64]
    paid: NDArray[np.int32]
    price_term: NDArray[np.float32]
    priced_as: NDArray[np.uint8]
    shares: NDArray[np.float64]
    share: NDArray[np.float64]
    per_fen: NDArray[np.float32]
    is_co_funded: NDArray[np.bool_]

    @classmethod
    def of(cls, streams: StreamTable, is_co_funded: NDArray[np.bool_]) -> Self:
        """The scratch for the streams; `is_co_funded` bool, (kinds,)."""
        by_class = (N_COUPON_CLASSES, streams.price.size)
        places = _BLOCK * streams.good.shape[1]
        return cls(
            kind=streams.kind.reshape(-1),
            links_out=streams.links_out.reshape(-1),
            price=streams.price.reshape(-1),
            elsewhere=streams.elsewhere.reshape(-1),
            paid=streams.paid.reshape(by_class),
            price_term=streams.price_term.reshape(by_class),
            priced_as=streams.priced_as,
            shares=np.zeros((WITHOUT_PARTNER + 1, is_co_funded.size)),
            share=np.zeros(places),
            per_fen=np.zeros(places, np.float32),
            is_co_funded=is_co_funded,
        )


@step
def price_showcases(market, levers, coupons):
    """Today's quality, brand, price, commission and coupons of every place.

    Empty places get some price, which nobody reads.

    `coupons`: the push's boost (float64), and whether the partner's purse has anything for the day
    (bool). Writes the streams (dtypes there; fen) through `pricing`.
    """
    streams, anchors, terms = market.streams, market.anchors, market.selection
    scratch = market.pricing
    _set_shares(levers, *coupons, scratch)
    for coupon in range(WITHOUT_PARTNER + 1):
        scratch.priced_as[coupon] = _first_alike(coupon, scratch.shares)
    size = streams.good.shape[1]
    for first in range(0, streams.shown.size, _BLOCK):
        last = min(first + _BLOCK, streams.shown.size)
        for m in range(first, last):
            own = anchors.own_supplier[m] if m < anchors.guests_from else _EVERY_SUPPLIER
            openness = levers.library_open[anchors.tier[m]]
            _price_places(
                m,
                (market.history.strength[m], own, openness),
                streams,
                market.sellers,
                terms,
                market.supply,
                levers,
                market.appraisal,
            )
        _price_classes(
            first * size, last * size, levers.cap_fen, np.float32(terms.curvature), scratch
        )


@stage
def _set_shares(levers, boost, partner_pays, scratch):
    """The platform's coupons by class and kind; `boost` is the push's.

    None on the partner's goods on a day for which its purse has nothing.
    """
    for kind in range(levers.rate.size):
        for holder in range(WITHOUT_PARTNER):  # by tier, then by tier for a first order
            rate_bp = coupon_rate_bp(
                levers.rate[kind],
                levers.new_buyer_rate,
                holder >= N_TIERS,
                levers.tier_factor[holder % N_TIERS],
                levers.festival_boost * boost,
            )
            is_paid = partner_pays or not scratch.is_co_funded[kind]
            scratch.shares[1 + holder, kind] = rate_bp / BP if is_paid else 0.0


@stage
def _price_places(anchor, standing, streams, sellers, terms, supply, levers, appraisal):
    """What one anchor's goods are like today, and their price and commission.

    `standing`: its bargaining strength, own supplier, and openness of the library.
    """
    strength, own, openness = standing
    discounted = 1.0 - terms.head_discount * strength
    for j in range(streams.good.shape[1]):
        good, kind, supplier = (
            streams.good[anchor, j],
            streams.kind[anchor, j],
            streams.supplier[anchor, j],
        )
        member = sellers.in_plan[supplier]
        price = max(np.int64(sellers.price[good] * discounted), appraisal.lowest[good], 1)
        capped = price
        if member and levers.plan_day:
            capped = capped_price_fen(price, streams.elsewhere[anchor, j], levers.price_cap_bp)
        floor = levers.cps_floor if member else 0.0
        quality = appraisal.quality[good]
        if own != supplier and own != _EVERY_SUPPLIER:  # noqa: PLR1714 - as kernels compile it
            quality = quality_shown(quality, terms.library_mismatch, openness)
        streams.quality[anchor, j] = np.float32(quality)
        streams.brand[anchor, j] = np.float32(appraisal.brand[good])
        streams.capped[anchor, j] = capped < price
        streams.price[anchor, j] = capped
        asked = asked_cps_bp(supply.offer[kind], terms.bargaining, strength, floor)
        streams.cps_bp[anchor, j] = asked


@step
def _first_alike(coupon, shares):
    """The first class whose coupons are those of `coupon`; itself if none before it."""
    for like in range(coupon):
        same = True
        for kind in range(shares.shape[1]):
            same &= shares[like, kind] == shares[coupon, kind]
        if same:
            return like
    return coupon


@stage
def _price_classes(first, last, cap_fen, curvature, scratch):
    """The subsidy: what holders of each coupon class pay at places `first` to `last` - 1."""
    price, elsewhere = scratch.price[first:last], scratch.elsewhere[first:last]
    per_fen = scratch.per_fen[: price.size]
    for k in range(price.size):
        per_fen[k] = np.float32(1.0 / elsewhere[k])
    for coupon in range(WITHOUT_PARTNER + 1):
        if scratch.priced_as[coupon] != coupon:
            continue
        paid = scratch.paid[coupon, first:last]
        if coupon == 0:
            for k in range(price.size):
                paid[k] = np.int32(price[k])
        else:
            kind, links_out = scratch.kind[first:last], scratch.links_out[first:last]
            share = scratch.share[: price.size]
            for k in range(price.size):
                share[k] = scratch.shares[coupon, kind[k]] * np.float64(not links_out[k])
            _pay_with_coupons(cap_fen, price, share, paid)
        _relate_prices(paid, per_fen, curvature, scratch.price_term[coupon, first:last])


@stage
def _pay_with_coupons(cap_fen, price, share, paid):
    """What is paid at each place with coupons of this `share` of the price."""
    for k in range(paid.size):
        whole = np.float64(price[k])
        paid[k] = np.int32(max(whole - coupon_fen(whole, share[k], cap_fen), 1.0))


@stage
def _relate_prices(paid, per_fen, curvature, term):
    """The price term of B(x): of what is paid over the price elsewhere."""
    for k in range(paid.size):
        term[k] = np.float32(paid[k]) * per_fen[k]
    for k in range(paid.size):
        term[k] = log32(term[k])
    if curvature != np.float32(0.0):
        for k in range(paid.size):
            term[k] = price_term(term[k], curvature)


@kernel
def price_without_partner(market):
    """Coupons once the partner's purse is short: none on its goods, the same on others.

    Priced only when it happens: few days need these classes.

    Writes `PricingScratch.paid` (int32 fen) and `price_term` (float32) of classes 5 to 8.
    """
    scratch = market.pricing
    for coupon in range(1, WITHOUT_PARTNER + 1):
        if scratch.priced_as[coupon] != coupon:
            continue
        for k in range(scratch.kind.size):
            like = 0 if scratch.is_co_funded[scratch.kind[k]] else coupon
            here = coupon + WITHOUT_PARTNER
            scratch.paid[here, k] = scratch.paid[like, k]
            scratch.price_term[here, k] = scratch.price_term[like, k]

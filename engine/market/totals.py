"""What is added up: by a thread over a slot, by slots over a day, and what a day comes to."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.accounts import EXPECTED, EXPECTED_PAID, N_SUMS, Account, Count
from engine.jit import kernel, stage, step
from engine.units import BP, EXPECTED_ONE, Buyer, Domain, Tier

_Floats = NDArray[np.float64]

N_BUCKETS = 4096
"""Hash buckets of buyers for rationing coupons within a slot."""

_N_PURSES = 2
OWN, PARTNER = 0, 1


class SlotTotals(NamedTuple):
    """What one thread adds up over a slot; integers only, so no order of addition matters.

    `visits` by anchor and `looks` by anchor; `expected` sales by anchor and place and
    `expected_paid` by anchor, fixed point; `ledger` (kind, tier, domain, buyer,
    account); `claims` (purse, bucket) fen; `demand` by supplier; `gmv`, `commission`, `offered`
    (commission by the kinds' offers) and `follows` by anchor.
    """

    visits: NDArray[np.int64]
    looks: NDArray[np.int64]
    expected: NDArray[np.int64]
    expected_paid: NDArray[np.int64]
    ledger: NDArray[np.int64]
    claims: NDArray[np.int64]
    demand: NDArray[np.int64]
    gmv: NDArray[np.int64]
    commission: NDArray[np.int64]
    offered: NDArray[np.int64]
    follows: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def new(cls, anchors: int, places: int, suppliers: int, kinds: int) -> Self:
        """Totals in which nothing is counted."""

        def zeros(*shape: int) -> NDArray[np.int64]:
            return np.zeros(shape, np.int64)

        return cls(
            visits=zeros(anchors),
            looks=zeros(anchors),
            expected=zeros(anchors, places),
            expected_paid=zeros(anchors),
            ledger=zeros(kinds, len(Tier), len(Domain), len(Buyer), len(Account)),
            claims=zeros(_N_PURSES, N_BUCKETS),
            demand=zeros(suppliers),
            gmv=zeros(anchors),
            commission=zeros(anchors),
            offered=zeros(anchors),
            follows=zeros(anchors),
            counts=zeros(len(Count)),
        )


_OWN, _PARTNER = int(Account.OWN_COUPON), int(Account.PARTNER_COUPON)
_CLAIMED, _VISITS, _ADS = int(Count.CLAIMED_FEN), int(Count.FEED_VISITS), int(Count.ADS_FEN)


class DayTotals(NamedTuple):
    """What a day's totals come to, of the simulated sample.

    Expected sales: `good_sales` (units), `good_looks` and `showcase_sales` (units of all goods at
    the looks that show it) by good; `anchor_gmv`, `anchor_commission` and `anchor_margin`
    (sellers' profit) by anchor, fen, `kind_gmv` (fen) and `kind_units` by kind of goods.
    `accounts` are the ledger's columns over all segments; `sums` are expected sales and expected
    payments in fixed point and fen.
    """

    good_sales: _Floats
    good_looks: _Floats
    showcase_sales: _Floats
    anchor_gmv: _Floats
    anchor_commission: _Floats
    anchor_margin: _Floats
    kind_gmv: _Floats
    kind_units: _Floats
    accounts: NDArray[np.int64]
    sums: NDArray[np.int64]

    @classmethod
    def new(cls, goods: int, anchors: int, kinds: int) -> Self:
        """A day on which nothing was sold."""
        return cls(
            good_sales=np.zeros(goods),
            good_looks=np.zeros(goods),
            showcase_sales=np.zeros(goods),
            anchor_gmv=np.zeros(anchors),
            anchor_commission=np.zeros(anchors),
            anchor_margin=np.zeros(anchors),
            kind_gmv=np.zeros(kinds),
            kind_units=np.zeros(kinds),
            accounts=np.zeros(len(Account), np.int64),
            sums=np.zeros(N_SUMS, np.int64),
        )


BRANDS = 3
"""Place of the brands' own accounts beside the three tiers of anchors."""

_N_AMOUNTS = 3
AMOUNT_GMV, AMOUNT_COMMISSION, AMOUNT_ANCHORS = range(_N_AMOUNTS)
"""What is added up by tier: fen, fen, and anchors that have begun."""


class Spread(NamedTuple):
    """How a day spread over anchors, float64.

    `groups` amounts (fen, fen, anchors) by tier and the brands' own accounts; by row that sold,
    what one of its anchors `sold` in the simulated sample, and how many it `stands_for`.
    """

    groups: _Floats
    sold: _Floats
    stands_for: _Floats

    @classmethod
    def new(cls, anchors: int) -> Self:
        """Room for so many rows."""
        return cls(np.zeros((_N_AMOUNTS, BRANDS + 1)), np.zeros(anchors), np.zeros(anchors))


@kernel
def merge_into(source, target):
    """Add some totals to others and empty them; claims are a slot's own and are only emptied.

    Both `SlotTotals`, which names dtypes and units, of equal shapes.
    """
    _merge(source, target)


@stage
def _merge(source, target):
    """Add up what `merge_into` does."""
    for m in range(source.visits.size):
        if source.visits[m] > 0:  # nobody else has entries by anchor
            _merge_anchor(m, source, target)
    _move(source.ledger.reshape(-1), target.ledger.reshape(-1))
    source.claims[:] = 0
    _move(source.demand, target.demand)
    _move(source.counts, target.counts)


@stage
def _merge_anchor(m, source, target):
    """What one anchor has in the totals."""
    _move(source.expected[m], target.expected[m])
    for a, b in zip(_by_anchor(source), _by_anchor(target)):
        b[m] += a[m]
        a[m] = 0


@step
def _by_anchor(totals):
    """The columns with one number per anchor."""
    return (
        totals.visits,
        totals.looks,
        totals.expected_paid,
        totals.gmv,
        totals.commission,
        totals.offered,
        totals.follows,
    )


@step
def _move(source, target):
    """Add an array to another and empty it."""
    for k in range(source.size):
        target[k] += source[k]
        source[k] = 0


@step
def add_up(values):
    """Their sum; NumPy's takes a while to compile.

    `values` float64 (n,), of any unit; the result float64, in that unit.
    """
    total = 0.0
    for value in values:
        total += value
    return total


_RUN = 128
"""Numbers that are added up without splitting them once more."""


@stage
def add_up_in_pairs(values):
    """Their sum with an error that grows by the logarithm of their number, as NumPy adds up.

    `values` float64 (n,), contiguous, of any unit; the result float64, the bits of `values.sum()`.
    Halves are added up apart, and of a run of `_RUN` every eighth number (Higham, Accuracy and
    Stability of Numerical Algorithms, 2nd ed. 2002, sec. 4.2).
    """
    n = values.size
    if n > _RUN:
        half = n // 2 - n // 2 % 8
        return add_up_in_pairs(values[:half]) + add_up_in_pairs(values[half:])
    if n < 8:
        return add_up(values)
    a, b, c, d = values[0], values[1], values[2], values[3]
    e, f, g, h = values[4], values[5], values[6], values[7]
    whole = n - n % 8
    for k in range(8, whole, 8):
        a, b, c, d = a + values[k], b + values[k + 1], c + values[k + 2], d + values[k + 3]
        e, f, g, h = e + values[k + 4], f + values[k + 5], g + values[k + 6], h + values[k + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for k in range(whole, n):
        total += values[k]
    return total


@kernel
def book_slot(market, totals, claimed):
    """Close a slot: take its sales from the stock, add them to what the day sold, and empty it.

    `totals` a `SlotTotals`, `claimed` what buyers claimed of the platform's own purse (int64 sample
    fen). Returns the coupons paid, of that purse and of the partner's, int64 sample fen.
    """
    totals.counts[_CLAIMED] = claimed
    totals.counts[_ADS] = np.int64(totals.counts[_VISITS] * market.feed.ad_price[0])
    stock, weight = market.sellers.stock, market.learning.weight
    own, partner = _coupons_of(totals.ledger)
    for s in range(stock.size):
        sold_out = totals.demand[s] * weight > stock[s]
        stock[s] -= stock[s] // weight * weight if sold_out else totals.demand[s] * weight
    _merge(totals, market.sold)
    return own, partner


@stage
def _coupons_of(ledger):
    """Coupons of all segments of a ledger: the platform's own and the partner's, sample fen."""
    entries, own, partner = ledger.reshape(-1), 0, 0
    for k in range(0, entries.size, ledger.shape[-1]):
        own += entries[k + _OWN]
        partner += entries[k + _PARTNER]
    return own, partner


@kernel
def reset(market):
    """Empty what the day sold: `SlotTotals` (dtypes, units) that have no claims, as a slot's do."""
    totals = market.sold
    for m in range(totals.visits.size):
        if totals.visits[m] > 0:
            _reset_anchor(m, totals)
    totals.ledger[:] = 0
    totals.demand[:] = 0
    totals.counts[:] = 0


@stage
def _reset_anchor(m, totals):
    """Empty what one anchor has in the totals."""
    totals.expected[m] = 0
    for column in _by_anchor(totals):
        column[m] = 0


@step
def aggregate_sales(market, cost_left):
    """Expected sales of the day; `cost_left` is the share of unit costs that remains (M21).

    `cost_left` float64. Fills `DayTotals` from what the day sold (`SlotTotals`), which name dtypes
    and units.
    """
    streams, goods, totals = market.streams, market.goods, market.sold
    take_bp, day_totals = market.slots.take_bp, market.day_totals
    _empty(day_totals)
    for m in range(streams.shown.size):
        if totals.visits[m] > 0:
            day_totals.sums[EXPECTED_PAID] += totals.expected_paid[m]
            if totals.looks[m] > 0:
                is_regular = m < market.anchors.guests_from
                _aggregate_anchor(
                    m, streams, goods, totals, take_bp, cost_left, is_regular, day_totals
                )
    entries = totals.ledger.reshape(-1)
    for k in range(entries.size):
        day_totals.accounts[k % day_totals.accounts.size] += entries[k]


@stage
def _empty(day_totals):
    """Forget the day before."""
    day_totals.good_sales[:] = 0.0
    day_totals.good_looks[:] = 0.0
    day_totals.showcase_sales[:] = 0.0
    day_totals.anchor_gmv[:] = 0.0
    day_totals.anchor_commission[:] = 0.0
    day_totals.anchor_margin[:] = 0.0
    day_totals.kind_gmv[:] = 0.0
    day_totals.kind_units[:] = 0.0
    day_totals.accounts[:] = 0
    day_totals.sums[:] = 0


@stage
def _aggregate_anchor(m, streams, goods, totals, take_bp, cost_left, is_regular, day_totals):
    """What one anchor's showcase was expected to sell, and what its sellers keep of it."""
    one, sold, looks, shown = 1.0 / EXPECTED_ONE, 0, totals.looks[m], streams.shown[m]
    shown_goods, kinds, expected = streams.good[m], streams.kind[m], totals.expected[m]
    prices, cps_bp = streams.price[m], streams.cps_bp[m]
    for j in range(shown):
        sold += expected[j]
    own_gmv = commission = margin = 0.0
    for j in range(shown):
        good, kind = shown_goods[j], kinds[j]
        units = expected[j] * one
        gmv = units * prices[j]
        fees = (cps_bp[j] + take_bp[kind]) / BP
        day_totals.good_sales[good] += units
        day_totals.good_looks[good] += looks
        day_totals.showcase_sales[good] += sold * one
        own_gmv += gmv
        commission += gmv * cps_bp[j] / BP
        margin += gmv * (1.0 - fees) - units * cost_left * goods.cost[good]
        if is_regular:  # what a guest sells teaches by its own event
            day_totals.kind_gmv[kind] += gmv
            day_totals.kind_units[kind] += units
    day_totals.sums[EXPECTED] += sold
    day_totals.anchor_gmv[m], day_totals.anchor_commission[m] = own_gmv, commission
    day_totals.anchor_margin[m] = margin

"""What is chosen at serious looks: the draw, expected sales, claims (M8).

All stages work on the looks at `batch.position`, so that the looks of a batch, and looks
whose coupon is withdrawn, are decided by the same code.
"""

import numpy as np

from engine.jit import stage, step
from engine.market.sessions.context import OUTSIDE
from engine.market.sessions.responses import add_response
from engine.market.sessions.terms import add_claim, claims_of
from engine.market.sessions.weighing import weigh_choices
from engine.rng import uniform
from engine.units import EXPECTED_ONE

_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_EXPECTED_ONE = np.float32(EXPECTED_ONE)
_ADDED, _RETRACTED = np.int64(1), np.int64(-1)
"""Signs. Numba would compile the stages for each, were they plain numbers."""


@step
def choose(n, buyers, streams, tastes, context, totals, looks, batch):
    """Decide `n` looks: draw their choices, add up what is expected and claimed.

    `n` int64 looks at `batch.position` (uint32) of `looks` (records of `context.LOOK`), whose
    `choice` is written. Adds to `totals`, int64, sample fen and fixed-point units.
    """
    s = batch
    weigh_choices(n, buyers, streams, tastes, context, looks, s)
    _draw_marks(n, context.choice, looks, s.position, s.total, s.mark)
    _pass_edges(n, s.outside, s.weights, s.mark, s.edge, s.passed)
    _note_choices(n, looks, s.position, s.shown, s.passed)
    _total_looks(n, _ADDED, streams, tastes, context, totals, looks, s)


@step
def retract_looks(n, buyers, streams, tastes, context, totals, looks, batch):
    """Take back what `n` decided looks added.

    Arguments, dtypes and units are those of `choose`; `looks` stay as they are.
    """
    weigh_choices(n, buyers, streams, tastes, context, looks, batch)
    _total_looks(n, _RETRACTED, streams, tastes, context, totals, looks, batch)


@stage
def _draw_marks(n, stream, looks, position, total, mark):
    """A mark on [0, all weights) of each look."""
    for k in range(n):
        look = looks[position[k]]
        mark[k] = uniform(stream, look.buyer, np.int64(look.session)) * total[k]


@stage
def _pass_edges(n, outside, weights, mark, edge, passed):
    """How many edges of intervals, the outside option's first, lie below the mark.

    A coupon taken away widens the outside interval, so nobody starts to buy for want of a coupon.
    """
    for k in range(n):
        edge[k] = outside[k]
        passed[k] = np.int32(edge[k] <= mark[k])
    for j in range(weights.shape[0]):
        for k in range(n):
            edge[k] += weights[j, k]
            passed[k] += np.int32(edge[k] <= mark[k])


@stage
def _note_choices(n, looks, position, shown, passed):
    """The good whose interval holds the mark, or nothing.

    The draw may round to 1: then every edge is passed, and nothing is bought.
    """
    for k in range(n):
        bought = (passed[k] > 0) & (passed[k] <= shown[k])
        looks[position[k]].choice = np.uint8(passed[k] - 1 if bought else OUTSIDE)


@step
def _total_looks(n, sign, streams, tastes, context, totals, looks, batch):
    """Add (sign 1) or take back (sign -1) what the looks are expected to sell, and claim."""
    s = batch
    _share_out(n, s.weights, s.total, s.counts, s.paid, s.share, s.payment)
    _fix(n, s.share, s.sold)
    _add_sold(n, sign, s.row, s.sold, totals.expected.reshape(-1))
    _add_payments(n, sign, looks, s.position, s.payment, totals.expected_paid)
    _add_responses(n, sign, streams, tastes, totals.counts, looks, s)
    wishes = _list_wishes(n, looks, s.position, s.listed)
    payers = context.partner_share_bp, context.is_co_funded
    _claim(wishes, sign, streams, claims_of(totals), payers, looks, s.listed)


@stage
def _share_out(n, weights, total, counts, paid, share, payment):
    """The probability to buy at each place, none through external links; what is paid, in fen."""
    for k in range(n):
        payment[k] = _ZERO
    for j in range(weights.shape[0]):
        for k in range(n):
            share[j, k] = weights[j, k] * (_ONE / total[k]) * counts[j, k]
        for k in range(n):
            payment[k] += share[j, k] * np.float32(paid[j, k])


@stage
def _fix(n, share, sold):
    """Probabilities in fixed point: below 2^31, so that four bytes are enough."""
    for j in range(share.shape[0]):
        for k in range(n):
            sold[j, k] = np.int32(share[j, k] * _EXPECTED_ONE + _HALF)


@stage
def _add_sold(n, sign, row, sold, expected):
    """Add what is expected to be sold to its place."""
    for k in range(n):
        first = np.uint64(row[k])
        for j in range(np.uint64(sold.shape[0])):
            expected[first + j] += sign * np.int64(sold[j, k])


@stage
def _add_payments(n, sign, looks, position, payment, expected_paid):
    """Add what is expected to be paid to its anchor."""
    for k in range(n):
        expected_paid[looks[position[k]].anchor] += sign * np.int64(payment[k] + _HALF)


@stage
def _list_wishes(n, looks, position, listed):
    """List the looks at which something was chosen; returns how many."""
    wishes = np.uint64(0)
    for k in range(n):
        listed[wishes] = position[k]
        wishes += np.uint64(looks[position[k]].choice != OUTSIDE)
    return np.int64(wishes)


@stage
def _claim(wishes, sign, streams, claims, payers, looks, listed):
    """The listed looks' wishes for goods and for coupons."""
    for k in range(wishes):
        add_claim(claims, streams, looks[listed[k]], payers, sign)


@stage
def _add_responses(n, sign, streams, tastes, counts, looks, batch):
    """Add (sign 1) or take back (sign -1) the responses of every 8th buyer's looks.

    `n` int64 looks at `batch.position` of `looks` (records of `context.LOOK`), weighed; `counts`
    int64 by `Count`.
    """
    for k in range(n):
        add_response(k, sign, streams, tastes, counts, looks[batch.position[k]], batch)

"""What is chosen at serious looks: utilities, the draw, expected sales, claims (M8).

All stages work on the looks at `batch.position`, so that the looks of a batch, and looks
whose coupon is withdrawn, are decided by the same code.

How sales answer to prices is asked at the looks as they are: own-good, kind-wide and market-wide.
A price rise of d ln p on a set K of goods changes the utilities of its goods by -a_j d ln p,
a_j = alpha_i x_ij^curvature. With P the probability to buy at the look, s_j the share of good j
in what is bought, and l the dissimilarity of the nest, sales of K fall by

    P A_K (1 / l - s_K (1 / l - 1 + P)) d ln p,    A_K = sum_K s_j a_j,   s_K = sum_K s_j.

Summed over all sets of one good, of one kind, and for all goods together; divided by what is
bought it is the elasticity of a day. Memories, habits, wallets and sellers' prices stand still.
Train, Discrete Choice Methods with Simulation, 2nd ed. 2009, ch. 4.
"""

import numpy as np

from engine.accounts import Count
from engine.jit import stage, step
from engine.market.sessions.context import OUTSIDE
from engine.market.sessions.terms import (
    add_claim,
    budget_now,
    claims_of,
    days_away,
    habit_now,
    memory_now,
)
from engine.market.streams import first_index, places_of, price_index
from engine.population.buyers import AFFINITY_STEP, BYTE_ONE, FLAG_TIER3
from engine.rng import uniform
from engine.rules.choice import (
    good_utility,
    memory_term,
    nested_outside,
    outside_utility,
    price_disutility,
    stream_utility,
)
from engine.rules.fastmath import exp32
from engine.units import EXPECTED_ONE

_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_BYTE = np.float32(1.0 / BYTE_ONE)
_EXPECTED_ONE = np.float32(EXPECTED_ONE)
_NEVER = np.float32(-1e30)
"""Utility of what is not in the choice set."""

_BUYS, _OWN = int(Count.PRICED_BUYS), int(Count.OWN_RESPONSE)
_KIND, _MARKET = int(Count.KIND_RESPONSE), int(Count.MARKET_RESPONSE)
_EVERY = 8
"""Of so many buyers one is asked: their numbers say nothing about them."""


@step
def choose(n, buyers, flat, tastes, context, totals, looks, batch):
    """Decide `n` looks: draw their choices, add up what is expected and claimed.

    `n` int64 looks at `batch.position` (uint32) of `looks` (records of `context.LOOK`), whose
    `choice` is written; `flat` a flat view of the streams. Adds to `totals`, int64.
    """
    _weigh_choices(n, buyers, flat, tastes, context, looks, batch)
    _draw_choices(
        n,
        flat.shown,
        context.choice,
        looks,
        batch.position,
        batch.outside,
        batch.weights,
        batch.total,
    )
    _total_looks(n, 1, flat, tastes, context, totals, looks, batch)


@step
def retract_looks(n, buyers, flat, tastes, context, totals, looks, batch):
    """Take back what `n` decided looks added.

    Arguments and dtypes are those of `choose`; `looks` stay as they are.
    """
    _weigh_choices(n, buyers, flat, tastes, context, looks, batch)
    _total_looks(n, -1, flat, tastes, context, totals, looks, batch)


@step
def _weigh_choices(n, buyers, flat, tastes, context, looks, batch):
    """Exp of every utility into `batch.weights` and `batch.outside`, their sum into `total`."""
    _load_buyer_terms(n, buyers, flat.charisma, tastes, context, looks, batch)
    _load_trust(n, buyers.person, looks, batch.position, batch.trust)
    _value_goods(
        n,
        flat,
        tastes.beta_quality,
        tastes.beta_brand,
        tastes.curvature,
        looks,
        batch.position,
        (batch.alpha, batch.taste, batch.memory, batch.liking, batch.budget),
        batch.trust,
        batch.weights,
    )
    _exponentials(n * batch.weights.shape[1], _ONE / tastes.nest, batch.flat_weights)
    if tastes.nest < _ONE:
        _nest_outside(n, tastes.nest, batch.weights, batch.outside, batch.total)
    _exponentials(n, _ONE, batch.outside)
    _sum_weights(n, batch.outside, batch.weights, batch.total)


@stage
def _load_buyer_terms(n, buyers, charisma, tastes, context, looks, batch):
    """What one buyer's utilities share: sensitivity, taste, memory, liking, habit, budget."""
    s = batch
    for k in range(n):
        look = looks[s.position[k]]
        i = look.buyer
        # Who looks has arrived: days away are not negative.
        me, away = buyers.person[i], np.uint64(days_away(buyers, i, context, tastes))
        tier = np.uint64(me.flags & FLAG_TIER3)
        s.alpha[k] = tastes.price[tier, me.sensitivity]
        s.taste[k] = np.float32(me.taste) * _BYTE * tastes.brand_taste[tier]
        s.memory[k] = memory_term(
            memory_now(me, away, tastes), tastes.memory_weight, tastes.curvature
        )
        s.liking[k] = stream_utility(
            tastes.beta_affinity,
            np.float32(look.affinity) * AFFINITY_STEP,
            tastes.beta_impulse,
            np.float32(me.impulse) * _BYTE,
            charisma[look.anchor],
        )
        s.outside[k] = outside_utility(
            context.outside_level, tastes.beta_habit, habit_now(buyers, i, away, tastes)
        )
        s.budget[k] = budget_now(buyers, i, context, tastes)


@stage
def _load_trust(n, people, looks, position, kept):
    """Trust by kind of goods, in [0, 1]: in 1/255 on record."""
    for k in range(n):
        trust = people[looks[position[k]].buyer].trust
        for kind in range(kept.shape[1]):
            kept[k, kind] = np.float32(trust[kind]) * _BYTE


@stage
def _value_goods(
    n,
    flat,
    beta_quality,
    beta_brand,
    curvature,
    looks,
    position,
    buyer_terms,
    trust,
    weights,
):
    """Utility of every place; what is not shown or not affordable is out of the set."""
    alphas, tastes, memories, likings, budgets = buyer_terms
    for k in range(n):
        look = looks[position[k]]
        row = first_index(flat, look)
        face = price_index(flat, look, row)
        liking, taste, alpha, memory = likings[k], tastes[k], alphas[k], memories[k]
        places, budget = np.uint64(flat.shown[look.anchor]), budgets[k]
        for j in range(places_of(flat)):
            utility = good_utility(
                liking,
                flat.own_utility[row + j],
                beta_quality,
                trust[k, flat.kind[row + j]],
                flat.quality[row + j],
                beta_brand,
                flat.brand[row + j],
                taste,
            ) - alpha * price_disutility(flat.price_term[face + j], memory, curvature)
            open_to = (j < places) & (flat.paid[face + j] <= budget)
            weights[k, j] = utility if open_to else _NEVER


@step
def _nest_outside(n, nest, weights, outside, inside):
    """Log weights of the outside option beside goods that are weighed within their nest."""
    _sum_inside(n, weights, inside)
    _add_inclusive(n, nest, inside, outside)


@stage
def _sum_inside(n, weights, inside):
    """The sum of the weights of each look's goods."""
    for k in range(n):
        total = _ZERO
        for j in range(weights.shape[1]):
            total += weights[k, j]
        inside[k] = total


@stage
def _add_inclusive(n, nest, inside, outside):
    """What the goods' inclusive value adds; a flat loop, which the compiler vectorises."""
    for k in range(n):
        outside[k] = nested_outside(outside[k], nest, inside[k])


@stage
def _exponentials(n, scale, values):
    """Exp of each times `scale`, 0 for `_NEVER`; a flat loop, which the compiler vectorises."""
    for k in range(n):
        weight = exp32(scale * values[k])
        values[k] = weight if values[k] > _NEVER else _ZERO


@stage
def _sum_weights(n, outside, weights, total):
    """The sum of each look's weights."""
    for k in range(n):
        edge = outside[k]
        for j in range(weights.shape[1]):
            edge += weights[k, j]
        total[k] = edge


@stage
def _draw_choices(n, shown, stream, looks, position, outside, weights, total):
    """The good whose interval holds the draw; the outside option comes first.

    A coupon taken away widens the outside interval, so nobody starts to buy for want of
    a coupon. Counts the edges passed, without a branch.
    """
    for k in range(n):
        look = looks[position[k]]
        mark = uniform(stream, look.buyer, np.int64(look.session)) * total[k]
        edge = outside[k]
        passed = np.int64(edge <= mark)
        for j in range(weights.shape[1]):
            edge += weights[k, j]
            passed += np.int64(edge <= mark)
        # The draw may round to 1: then every edge is passed, and nothing is bought.
        bought = (passed > 0) & (passed <= np.int64(shown[look.anchor]))
        look.choice = np.uint8(passed - 1 if bought else OUTSIDE)


@step
def _total_looks(n, sign, flat, tastes, context, totals, looks, batch):
    """Add (sign 1) or take back (sign -1) what the looks are expected to sell, and claim."""
    s, sold = batch, (totals.expected.reshape(-1), totals.expected_paid)
    _expect(n, sign, flat, sold, looks, s.position, s.weights, s.total, s.shares, s.owed)
    _add_responses(n, sign, flat, tastes, totals.counts, looks, s)
    wishes = _list_wishes(n, looks, s.position, s.listed)
    _claim(wishes, sign, flat, claims_of(totals), context.partner_share_bp, looks, s.listed)


@stage
def _expect(n, sign, flat, sold, looks, position, weights, weight_sums, shares, owed):
    """The probabilities of the looks, in fixed point; nothing through external links.

    Loops of their own, with `shares` and `owed` (float32 by place) between them: sums of floats
    keep their order, and a loop that held one could not be vectorised.
    """
    expected, expected_paid = sold
    places = places_of(flat)
    for k in range(n):
        look = looks[position[k]]
        row = first_index(flat, look)
        face = price_index(flat, look, row)
        per_weight, payment = _ONE / weight_sums[k], _ZERO
        # Places that are not shown have no weight. Less than 2^31: four bytes are enough.
        for j in range(places):
            shares[j] = weights[k, j] * per_weight * np.float32(not flat.links_out[row + j])
            owed[j] = shares[j] * np.float32(flat.paid[face + j])
        for j in range(places):
            expected[row + j] += sign * np.int64(np.int32(shares[j] * _EXPECTED_ONE + _HALF))
        for j in range(places):
            payment += owed[j]
        expected_paid[look.anchor] += sign * np.int64(payment + _HALF)


@stage
def _list_wishes(n, looks, position, listed):
    """List the looks at which something was chosen; returns how many."""
    wishes = np.uint64(0)
    for k in range(n):
        listed[wishes] = position[k]
        wishes += np.uint64(looks[position[k]].choice != OUTSIDE)
    return np.int64(wishes)


@stage
def _claim(wishes, sign, flat, claims, partner_share_bp, looks, listed):
    """The listed looks' wishes for goods and for coupons."""
    for k in range(wishes):
        add_claim(claims, flat, looks[listed[k]], partner_share_bp, sign)


@stage
def _add_responses(n, sign, flat, tastes, counts, looks, batch):
    """Add (sign 1) or take back (sign -1) the responses of every 8th buyer's looks.

    `n` int64 looks at `batch.position` of `looks` (records of `context.LOOK`), weighed; `counts`
    int64 by `Count`.
    """
    for k in range(n):
        add_response(k, sign, flat, tastes, counts, looks[batch.position[k]], batch)


@step
def add_response(k, sign, flat, tastes, counts, look, batch):
    """Add or take back the responses of one look, whose weights are row `k` of the batch.

    `k` and `sign`, 1 or -1, int64; `counts` int64, in `EXPECTED_ONE`; `look` a record of
    `context.LOOK`.
    """
    if look.buyer % np.uint32(_EVERY) == 0:
        row = first_index(flat, look)
        _weigh_sets(k, row, price_index(flat, look, row), flat, tastes, batch)
        sets = batch.sets
        counts[_BUYS] += sign * np.int64(sets[0] * _EXPECTED_ONE + _HALF)
        counts[_OWN] += sign * np.int64(sets[1] * _EXPECTED_ONE + _HALF)
        counts[_KIND] += sign * np.int64(sets[2] * _EXPECTED_ONE + _HALF)
        counts[_MARKET] += sign * np.int64(sets[3] * _EXPECTED_ONE + _HALF)


@step
def _weigh_sets(k, row, face, flat, tastes, batch):
    """Fill `batch.sets` with the probability to buy and the three responses of look `k`.

    `row` and `face` index the look's first place; float32.
    """
    weights, by_kind = batch.weights[k], batch.by_kind
    inside = _ZERO
    for j in range(places_of(flat)):
        inside += weights[j]
    buys = inside / batch.total[k]
    per_weight = _ONE / inside if inside > _ZERO else _ZERO
    by_kind[:] = _ZERO
    steepness, own = _ZERO, _ZERO
    for j in range(places_of(flat)):
        slope = batch.alpha[k]
        if tastes.curvature != _ZERO:
            slope *= flat.price_term[face + j] * batch.memory[k]
        share = weights[j] * per_weight
        steepness += share * slope
        own += share * share * slope
        by_kind[flat.kind[row + j], 0] += share
        by_kind[flat.kind[row + j], 1] += share * slope
    kinds = _ZERO
    for kind in range(by_kind.shape[0]):
        kinds += by_kind[kind, 0] * by_kind[kind, 1]
    apart = _ONE / tastes.nest
    drawn = apart - _ONE + buys
    batch.sets[0] = buys
    batch.sets[1] = buys * (steepness * apart - own * drawn)
    batch.sets[2] = buys * (steepness * apart - kinds * drawn)
    batch.sets[3] = buys * steepness * (apart - drawn)

"""What the choices at serious looks are worth: utilities, and their exponentials as weights (M8).

Looks stand in the rows of tables by place and look: what is loaded of streams and buyers lies side
by side, and each loop over the looks of a batch is vectorised by the compiler, whatever the number
of places. Only the loads jump about in memory; they have loops of their own.
"""

import numpy as np

from engine.jit import stage, step
from engine.market.sessions.terms import budget_now, days_away, habit_now, memory_now
from engine.market.streams import first_index, places_of, price_index
from engine.population.buyers import AFFINITY_STEP, BYTE_ONE, FLAG_TIER3
from engine.rules.choice import (
    good_utility,
    memory_term,
    nested_outside,
    outside_utility,
    price_disutility,
    stream_utility,
)
from engine.rules.fastmath import exp32

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_BYTE = np.float32(1.0 / BYTE_ONE)
_NEVER = np.float32(-1e30)
"""Utility of what is not in the choice set."""


@step
def weigh_choices(n, buyers, streams, tastes, context, looks, batch):
    """Weigh what `n` looks at `batch.position` (uint32) choose from.

    Arguments and dtypes are those of `choice.choose`. Writes, float32, `batch.weights` by place and
    look, `batch.outside` of the outside option, and their sum by look, `batch.total`.
    """
    s = batch
    _find_rows(n, streams, looks, s.position, s.row, s.first_price, s.shown)
    _load_buyer_terms(n, buyers, streams.charisma, tastes, context, looks, s)
    _load_goods(n, streams, s.row, s.quality, s.brand)
    _load_trust(n, streams.kind, s.row, buyers.person, looks, s.position, s.trust)
    _load_prices(n, streams, s.row, s.first_price, s.term, s.paid, s.counts)
    _value_goods(n, tastes.beta_quality, tastes.beta_brand, tastes.external_friction, s)
    _price_goods(n, tastes.curvature, s)
    for j in range(s.weights.shape[0]):
        _exponentials(n, _ONE / tastes.nest, s.weights[j])
    if tastes.nest < _ONE:
        _sum_inside(n, s.weights, s.total)
        _add_inclusive(n, tastes.nest, s.total, s.outside)
    _exponentials(n, _ONE, s.outside)
    _sum_weights(n, s.outside, s.weights, s.total)


@stage
def _find_rows(n, streams, looks, position, row, first_price, shown):
    """Where the streams looked at keep their places, and the buyers' prices of these."""
    for k in range(n):
        look = looks[position[k]]
        first = first_index(streams, look)
        row[k], first_price[k] = first, price_index(streams, look, first)
        shown[k] = streams.shown[look.anchor]


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
def _load_goods(n, streams, row, quality, brand):
    """What the goods looked at are like, by place and look."""
    for j in range(places_of(streams)):
        for k in range(n):
            place = np.uint64(row[k]) + j
            quality[j, k] = streams.quality.flat[place]
            brand[j, k] = streams.brand.flat[place]


@stage
def _load_trust(n, kind, row, people, looks, position, trust):
    """Trust in each place's kind of goods, in [0, 1]: in 1/255 on record."""
    for k in range(n):
        own, first = people[looks[position[k]].buyer].trust, np.uint64(row[k])
        for j in range(np.uint64(trust.shape[0])):
            trust[j, k] = np.float32(own[kind.flat[first + j]]) * _BYTE


@stage
def _load_prices(n, streams, row, first_price, term, paid, counts):
    """What the goods looked at cost, and whether their sales count here: none of a link out."""
    for j in range(places_of(streams)):
        for k in range(n):
            term[j, k] = streams.price_term.flat[np.uint64(first_price[k]) + j]
            paid[j, k] = streams.paid.flat[np.uint64(first_price[k]) + j]
            counts[j, k] = np.float32(not streams.links_out.flat[np.uint64(row[k]) + j])


@stage
def _value_goods(n, beta_quality, beta_brand, friction, batch):
    """Utility of every place before its price."""
    liking, counts, trust, quality = batch.liking, batch.counts, batch.trust, batch.quality
    brand, taste, weights = batch.brand, batch.taste, batch.weights
    for j in range(weights.shape[0]):
        for k in range(n):
            weights[j, k] = good_utility(
                liking[k],
                friction * (counts[j, k] - _ONE),
                beta_quality,
                trust[j, k],
                quality[j, k],
                beta_brand,
                brand[j, k],
                taste[k],
            )


@stage
def _price_goods(n, curvature, batch):
    """Utility of every place; what is not shown or not affordable is out of the set."""
    alpha, term, memory = batch.alpha, batch.term, batch.memory
    shown, paid, budget, weights = batch.shown, batch.paid, batch.budget, batch.weights
    for j in range(weights.shape[0]):
        for k in range(n):
            utility = weights[j, k] - alpha[k] * price_disutility(term[j, k], memory[k], curvature)
            open_to = (np.int32(j) < shown[k]) & (paid[j, k] <= budget[k])
            weights[j, k] = utility if open_to else _NEVER


@stage
def _sum_inside(n, weights, inside):
    """The sum of the weights of each look's goods."""
    for k in range(n):
        inside[k] = _ZERO
    for j in range(weights.shape[0]):
        for k in range(n):
            inside[k] += weights[j, k]


@stage
def _add_inclusive(n, nest, inside, outside):
    """What the goods' inclusive value adds to the outside option beside them."""
    for k in range(n):
        outside[k] = nested_outside(outside[k], nest, inside[k])


@stage
def _exponentials(n, scale, values):
    """Exp of each times `scale`, 0 for `_NEVER`."""
    for k in range(n):
        weight = exp32(scale * values[k])
        values[k] = weight if values[k] > _NEVER else _ZERO


@stage
def _sum_weights(n, outside, weights, total):
    """The sum of each look's weights."""
    for k in range(n):
        total[k] = outside[k]
    for j in range(weights.shape[0]):
        for k in range(n):
            total[k] += weights[j, k]

"""Traffic: who is live, how the public feed is shared out (M12, M20), guests (M15).

Each morning every stream is opened: what it shows today, at which price, how often it will stream.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage, step
from engine.market.showcase.appraisal import appraise
from engine.market.showcase.pricing import price_showcases
from engine.market.showcase.selection import refill
from engine.market.streams import GONE, LIVE, OFF_AIR, TO_COME
from engine.market.totals import add_up, add_up_in_pairs
from engine.market.world import World
from engine.population.alias import fill_alias
from engine.population.anchors import WAIST
from engine.rng import uniform
from engine.rules.ads import bid, mixed_weight
from engine.rules.attention import crowding
from engine.rules.brand import brand_feed_factor
from engine.rules.traffic import feed_weight, live_probability

_Floats = NDArray[np.float64]
_GROWTH = 1.05
"""A signal this much above its slow mean marks a growing anchor."""

_MOST_OF_A_SLOT = 0.9
"""Of a slot's feed, the most that guests may take together."""


class Airtime(NamedTuple):
    """What the morning knows of the day's slots, by row.

    `chance` to be live in a slot, all its anchors or none: what one of many does hardly shows in
    the sales of all. `earned` weight of all its anchors in the feed of a slot if they are live,
    `usual` (1,) the sum of weights to be expected. So far today: `streamed` (bool) whether they
    were live, `aired` part of the day on the air, `exposure` more or less of it as less or more
    than usual competes for the feed. Room of a slot: `weights` in the feed, `bids` for it, and
    `work` and `scaled` to build its law.
    """

    chance: _Floats
    earned: _Floats
    usual: _Floats
    streamed: NDArray[np.bool_]
    aired: _Floats
    exposure: _Floats
    weights: _Floats
    bids: _Floats
    work: NDArray[np.int64]
    scaled: _Floats

    @classmethod
    def new(cls, anchors: int) -> Self:
        """Room for so many anchors."""
        chance, earned, aired, exposure, weights, bids, scaled = (
            np.zeros(anchors) for _ in range(7)
        )
        usual, streamed = np.zeros(1), np.zeros(anchors, np.bool_)
        work = np.zeros(anchors, np.int64)
        return cls(chance, earned, usual, streamed, aired, exposure, weights, bids, work, scaled)


@kernel
def open_streams(market, levers, coupons):
    """Step 4 in one call, for the day of `levers`; `coupons` as `price_showcases` takes them.

    Writes showcases, streams, appraisal and airtime, whose dtypes and units stand there.
    """
    appraise(market, levers)
    refill(market, levers)
    price_showcases(market, levers, coupons)
    _plan_airtime(market, levers)


@step
def _plan_airtime(market, levers):
    """How often each anchor streams today, what it earns of the feed, how crowded it is.

    Writes `airtime`, of which nothing is aired yet, and `streams.attention` (float32) by row.
    """
    streams, anchors, terms = market.streams, market.anchors, market.selection
    history, airtime = market.history, market.airtime
    regular = anchors.guests_from
    airtime.streamed[:] = False
    _set_chances(
        anchors.live_base,
        history.commission,
        history.offered,
        terms.live_response,
        airtime.chance[:regular],
    )
    signal, fans, audience = _means_of_begun(history, streams.presence, anchors)
    _earn_weights(anchors, history, levers, signal, max(fans, 1e-12), airtime.earned)
    _expect_weights(streams.presence, streams.shown, regular, airtime)
    attention = streams.attention[:regular]
    _crowd(history.audience, max(audience, 1e-9), terms.crowding, attention)


@stage
def _set_chances(base, commission, offered, response, chance):
    """How often each anchor streams, by what its commission was to what was usually offered."""
    for m in range(chance.size):
        relative = commission[m] / offered[m] if offered[m] > 0.0 else 1.0
        chance[m] = live_probability(base[m], relative, response)


@stage
def _crowd(audience, mean, power, attention):
    """How crowded each stream is."""
    for m in range(attention.size):
        attention[m] = np.float32(crowding(audience[m] / mean, power))


@stage
def _earn_weights(anchors, history, levers, mean_signal, mean_fans, earned):
    """What anchors earn of the feed by signal, floor, support and own following."""
    for m in range(anchors.guests_from):
        relative = history.signal[m] / mean_signal if mean_signal > 0.0 else 1.0
        growing = history.signal[m] > _GROWTH * history.slow_signal[m]
        weight = feed_weight(
            relative,
            levers.exponent,
            levers.floor,
            levers.support,
            growing & (anchors.tier[m] == WAIST),
        )
        brand = brand_feed_factor(levers.brand_support, history.fans[m] / mean_fans)
        earned[m] = weight * (brand if anchors.is_brand[m] else 1.0) * anchors.stands_for[m]


@stage
def _expect_weights(presence, shown, regular, airtime):
    """The sum of weights to be expected on the air of any slot today; nothing is aired yet."""
    usual = 0.0
    for m in range(regular):
        may_stream = np.float64((presence[m] <= LIVE) & (shown[m] > 0))
        usual += airtime.chance[m] * airtime.earned[m] * may_stream
    airtime.usual[0] = usual
    airtime.aired[:regular] = 0.0
    airtime.exposure[:regular] = 0.0


@stage
def _means_of_begun(history, presence, anchors):
    """Mean signal, fans and audience of the anchors that have begun to stream.

    Over regular anchors, as many as rows stand for.
    """
    begun = signal = fans = audience = 0.0
    for m in range(anchors.guests_from):
        many = anchors.stands_for[m] * np.float64(presence[m] != TO_COME)
        begun += many
        signal += history.signal[m] * many
        fans += history.fans[m] * many
        audience += history.audience[m] * many
    begun = max(begun, 1.0)
    return signal / begun, fans / begun, audience / begun


@step
def draw_presence(market, levers, stream, part):
    """Draw who streams in this slot and fill the regular anchors' weights in the feed.

    What is earned (M10, M20) is mixed with ads (M19). `feed.ad_price` becomes what a feed visit
    brings the platform, fen. Guests of trial streams are switched on elsewhere.

    `stream` uint64; the slot is a `part` of the day, float64. Writes presence, airtime and feed.
    """
    presence, shown, anchors = market.streams.presence, market.streams.shown, market.anchors
    airtime, feed = market.airtime, market.feed
    weights, stands_for = airtime.weights, anchors.stands_for[: anchors.guests_from]
    total = 0.0
    for m in range(stands_for.size):
        drawn = LIVE if uniform(stream, m, 0) < airtime.chance[m] else OFF_AIR
        presence[m] = drawn if presence[m] <= LIVE else presence[m]
        airtime.streamed[m] |= presence[m] == LIVE
        weights[m] = airtime.earned[m] * np.float64((presence[m] == LIVE) & (shown[m] > 0))
        total += weights[m]
    weights[stands_for.size :] = 0.0
    presence[stands_for.size :] = OFF_AIR
    _count_airtime(presence, shown, part, total, airtime, stands_for.size)
    feed.ad_price[0] = 0.0
    if levers.ad_load > 0.0 and total > 0.0:
        margin, bid_share = market.history.margin, market.slots.bid_share
        feed.ad_price[0] = _sell_ads(airtime, margin, stands_for, total, levers, bid_share)


@stage
def _count_airtime(presence, shown, part, total, airtime, regular):
    """Who streams in a slot, `part` of the day, and how much of the feed was to be had."""
    exposed = part * airtime.usual[0] / total if total > 0.0 else part
    for m in range(regular):
        airs = np.float64((presence[m] == LIVE) & (shown[m] > 0))
        airtime.aired[m] += part * airs
        airtime.exposure[m] += exposed * airs


@stage
def _sell_ads(airtime, margin, stands_for, total, levers, bid_share):
    """Mix the bids of the live streams' sellers into the feed; returns the price of a visit."""
    weights, bids = airtime.weights, airtime.bids
    bid_sum, bid_squares = 0.0, 0.0
    for m in range(stands_for.size):
        of_one = bid(margin[m], bid_share, levers.ad_reserve) * np.float64(weights[m] > 0.0)
        bids[m] = of_one * stands_for[m]
        bid_sum += bids[m]
        bid_squares += bids[m] * of_one
    if bid_sum <= 0.0:
        return 0.0
    for m in range(stands_for.size):
        weights[m] = mixed_weight(weights[m] / total, bids[m] / bid_sum, levers.ad_load)
    return levers.ad_load * bid_squares / bid_sum


@step
def build_feed(market):
    """Make the weights on the air the law of the feed; with nobody in it, it is closed.

    Writes all of `Feed` but the price of ads; dtypes and units stand there.
    """
    airtime, feed, presence = market.airtime, market.feed, market.streams.presence
    total = add_up(airtime.weights)
    feed.weight[0] = total
    if total > 0.0:
        fill_alias(airtime.weights, total, feed.table, airtime.work, airtime.scaled)
    feed.collision[0] = _collisions(airtime.weights, total, market.anchors.stands_for)
    feed.somebody_gone[0] = False
    for m in range(presence.size):
        feed.somebody_gone[0] |= presence[m] == GONE


@stage
def _collisions(weights, total, stands_for):
    """Probability that two visits of the feed come to the same stream; 0 while it is closed.

    `weights` are not yet shares of their `total`, of `stands_for` streams each.
    """
    squares = 0.0
    for m in range(weights.size):
        squares += weights[m] * weights[m] / stands_for[m]
    return squares / (total * total) if total > 0.0 else 0.0


_NO_GUESTS = np.zeros(0)


def guests_shares(world: World, day: int, slot: int) -> _Floats:
    """What guests take of a slot's feed, float64 (guests,), shares; empty where there are none.

    They stream in the last slot.
    """
    calendar = world.scenario.calendar
    if slot != len(calendar.slot_share) - 1 or day not in world.trial_days:
        return _NO_GUESTS
    # The slot has a part of the day's visits; a guest takes its share of the whole day.
    shares = [
        trial.traffic_share * (on == day)
        for trial, on in zip(calendar.trial_streams, world.trial_days, strict=True)
    ]
    return np.array(shares) / calendar.slot_share[-1] if any(shares) else _NO_GUESTS


@step
def book_guests(market, shares):
    """Put the guests into a slot's feed with these `shares` of its visits (float64, by guest).

    Writes their presence and airtime; dtypes and units stand there.
    """
    first, airtime = market.anchors.guests_from, market.airtime
    weights, rest = airtime.weights[first:], add_up_in_pairs(airtime.weights[:first])
    part = min(1.0, _MOST_OF_A_SLOT / add_up_in_pairs(shares))
    for g in range(shares.size):
        weights[g] = shares[g] * part
        market.streams.presence[first + g] = LIVE if shares[g] > 0.0 else OFF_AIR
        airtime.streamed[first + g] = shares[g] > 0.0
    left = 1.0 - add_up_in_pairs(weights)
    for g in range(shares.size):
        weights[g] = weights[g] / left * (rest if rest > 0.0 else 1.0)

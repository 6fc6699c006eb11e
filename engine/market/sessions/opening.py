"""Before the sessions of a slot: who streams, the public feed, and what all buyers share."""

import numpy as np

from engine.jit import kernel, step, store
from engine.market.sessions.context import LIVE_STREAM, SlotContext
from engine.market.traffic.feed import book_guests, build_feed, draw_presence
from engine.rng import extend
from engine.rules.attention import variety
from engine.rules.routing import family_passes, public_odds


@kernel
def open_slot(context, market, levers, slot, levels, guests):
    """Step 5 in one call: who is live, the feed, and the slot's `SlotContext`, into `context`.

    `context` the sealed one, within a tuple; `slot` int64; `levels`: `visit_level` of the day,
    `rival` (a utility) and `shock` (a factor) float64, and `reach` (buckets that hold a coupon)
    int64; `guests` what they take of the feed, float64 shares, empty where there are none. Writes
    the presence, airtime, feed and random streams of `market`.
    """
    terms, random_streams = market.slots, market.random_streams
    _name_streams(levers.day, slot, random_streams)
    live = random_streams.slot_keys[LIVE_STREAM]
    draw_presence(market, levers, live, terms.slot_share[slot])
    if guests.size > 0:
        book_guests(market, guests)
    build_feed(market)
    keys, feed = random_streams.slot_keys, market.feed
    store(context[0], _context_of(slot, levers, terms, levels, keys, feed))


@step
def _name_streams(day, slot, random_streams):
    """The keys of the slot's random streams; what buyers draw goes by their number in the world."""
    random_streams.numbers[0], random_streams.numbers[1] = day, slot
    extend(random_streams.run_keys, random_streams.numbers, random_streams.slot_keys)
    for k in range(LIVE_STREAM):
        random_streams.slot_keys[k] += random_streams.first_buyer[0]


@step
def _context_of(slot, levers, terms, levels, keys, feed):
    """The slot's `SlotContext`; `levels`: visit level, rival, shock, reach."""
    visit_level, rival, shock, reach = levels
    attention = terms.attention * levers.season * levers.festival_attention * shock
    fresh = variety(feed.collision[0], terms.variety) if terms.variety > 0.0 else 1.0
    return SlotContext(
        visit=keys[0],
        route=keys[1],
        look=keys[2],
        choice=keys[3],
        ration=keys[4],
        stock=keys[5],
        returned=keys[6],
        follow=keys[7],
        day=np.int64(levers.day),
        month_start=np.int64(levers.month_start),
        last_month_start=np.int64(levers.last_month_start),
        most_sessions=terms.most_sessions[slot],
        visit_level=np.float32(visit_level * terms.slot_share[slot]),
        attention_level=np.float32(attention),
        public_attention=np.float32(terms.public_attention * fresh),
        outside_level=np.float32(terms.outside + rival),
        public_odds=np.float32(public_odds(terms.public_pull, levers.public_share)),
        family_share=np.float32(family_passes(terms.family_share, levers.family_cap)),
        somebody_gone=np.bool_(feed.somebody_gone[0]),
        coupon_reach=np.int64(reach),
        partner_share_bp=np.int64(levers.partner_share_bp),
        take_bp=terms.take_bp,
        offer_bp=terms.offer_bp,
        is_co_funded=terms.is_co_funded,
    )

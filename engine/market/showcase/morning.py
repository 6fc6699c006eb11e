"""Before the first slot: what every stream shows today, at which price, and who will stream."""

from engine.jit import kernel
from engine.market.showcase.appraisal import appraise
from engine.market.showcase.pricing import dress_window
from engine.market.showcase.selection import refill
from engine.market.traffic.feed import plan_airtime


@kernel
def open_streams(
    shop,
    anchors,
    suppliers,
    sellers,
    goods,
    standing,
    selection,
    supply,
    levers,
    luck,
    day,
    boost,
    live_response,
    crowding,
    appraisal,
    candidates,
    window,
    airtime,
):
    """Step 4 in one call: handing so many arrays to a kernel costs as much as a small stage."""
    appraise(suppliers, sellers, goods, selection, supply, levers, appraisal)
    appeal = appraisal.appeal
    refill(shop, anchors, sellers, goods, selection, levers, luck, day, appeal, candidates)
    dress_window(
        shop, standing.strength, sellers, selection, supply, levers, boost, appraisal, window
    )
    plan_airtime(shop, anchors, standing, levers, live_response, crowding, airtime)

"""Before the first slot: what every stream shows today, at which price, and who will stream."""

from engine.jit import kernel
from engine.market.showcase.appraisal import appraise
from engine.market.showcase.pricing import price_showcases
from engine.market.showcase.selection import refill
from engine.market.traffic.feed import plan_airtime


@kernel
def open_streams(
    shop,
    anchors,
    suppliers,
    sellers,
    goods,
    history,
    selection,
    supply,
    levers,
    stream,
    day,
    boost,
    live_response,
    crowding,
    appraisal,
    candidates,
    window,
    airtime,
):
    """Step 4 in one call: handing so many arrays to a kernel costs as much as a small stage.

    `stream` uint64, `day` int64, `boost`, `live_response` and `crowding` float64; the rest are the
    records of world, state and scratch, whose dtypes and units stand there.
    """
    appraise(suppliers, sellers, goods, selection, supply, levers, appraisal)
    appeal = appraisal.appeal
    refill(shop, anchors, sellers, goods, selection, levers, stream, day, appeal, candidates)
    price_showcases(
        shop,
        anchors,
        history.strength,
        sellers,
        selection,
        supply,
        levers,
        boost,
        appraisal,
        window,
    )
    plan_airtime(shop, anchors, history, levers, live_response, crowding, airtime)

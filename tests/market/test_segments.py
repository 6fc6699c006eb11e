"""The ledger by segment against a plain count of what was bought, look by look."""

import numpy as np
import pytest

from engine.accounts import Account
from engine.market import day as order_of_the_day
from engine.market import slot as slots
from engine.market.sessions.context import LOST, PUBLIC_FEED
from engine.population.buyers import FLAG_BOUGHT, FLAG_TIER3
from engine.units import Buyer, Domain
from tests.closed_forms.worlds import open_market
from tests.worlds import case

DAYS = 6
COUNTED = (Account.ORDERS, Account.GMV, Account.PAID, Account.LEAKED)


def counted(market, flags):
    """The accounts of `COUNTED` of a slot that buyers entered with `flags`, which move on."""
    streams, scratch, again = market.streams, market.scratch, 0
    ledger = np.zeros_like(scratch.slot_totals[0].ledger)
    for looks, n in zip(scratch.looks, scratch.looks_count, strict=True):
        before = flags.copy()
        for look in looks[:n][looks[:n]["choice"] < LOST]:
            buyer, place = look["buyer"], (look["anchor"], look["choice"])
            row = ledger[
                streams.kind[place],
                flags[buyer] & FLAG_TIER3,
                Domain.PUBLIC if look["follow"] == PUBLIC_FEED else Domain.PRIVATE,
                Buyer.KNOWN if flags[buyer] & FLAG_BOUGHT else Buyer.NEW,
            ]
            if streams.links_out[place]:
                row[Account.LEAKED] += 1
                continue
            row[Account.ORDERS] += 1
            row[Account.GMV] += streams.price[place]
            row[Account.PAID] += streams.paid[(look["coupon"], *place)]
            again += not before[buyer] & FLAG_BOUGHT and bool(flags[buyer] & FLAG_BOUGHT)
            flags[buyer] |= FLAG_BOUGHT
    return ledger, again


@pytest.mark.parametrize("threads", [1, 2])
def test_every_order_is_booked_in_its_segment(threads, monkeypatch):
    asked = case(
        "policy=double_ten_billion",
        "scale.buyers_count=4000",
        "scenario.buyers.visits_per_day=40",
        days=DAYS,
    )
    market = open_market(asked)
    market.scratch.is_fused = False  # looked at between the steps
    run_slot, again, booked = slots.run_slot, [], []

    def watched(world, state, scratch, today, purse, slot):
        flags = state.buyers.person["flags"].copy()
        totals, claimed = run_slot(world, state, scratch, today, purse, slot)
        ledger, twice = counted(market, flags)
        assert np.array_equal(totals.ledger[..., COUNTED], ledger[..., COUNTED])
        assert np.array_equal(state.buyers.person["flags"] & FLAG_BOUGHT, flags & FLAG_BOUGHT)
        again.append(twice)
        booked.append(ledger.sum(axis=(0, 1, 2)))
        return totals, claimed

    monkeypatch.setattr(order_of_the_day, "run_slot", watched)
    for _ in range(DAYS):
        market.run_day()
    assert sum(again) > 0  # second orders of new buyers in one slot
    assert np.all(sum(booked)[:, COUNTED] > 0)

"""Whose order it is: a first one or a later one, with what it cost and what came back of it.

Everybody buys at every visit and sends everything back, so that orders are visits.
"""

import numpy as np
import pytest

from engine.market.run import simulate
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, coupon, logit, only, size
from tests.worlds import case

BUYERS, DAYS = 500, 3
PRICE = int(50_000 / (1 - 1 / (0.9 * 3.0)))
"""Fen, the mark-up on cost of the first morning: see `test_orders`."""
FIRST, LATER = PRICE // 2, PRICE // 4
"""Fen of a coupon on a first order and on a later one."""
WORLD = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *size(BUYERS, anchors=3),
    *logit(0, 3.0, -50),
    *coupon(0.25),
    "policy.subsidy.new_buyer_rate=0.5",
)


def by_buyer(*overrides):
    """Flows of orders of new and of known buyers by day, each (days, 2)."""
    found = simulate(case(*WORLD, *overrides, days=DAYS))
    split = {name: flow.sum(axis=(1, 2, 3)) for name, flow in found.segments.items()}
    for name, flow in split.items():
        assert np.array_equal(flow.sum(axis=1), found.daily[name]), name
    assert np.array_equal(split["orders_count"][:, 0], found.daily["new_buyers_count"])
    return split


def test_the_first_order_is_a_new_buyers_and_the_next_a_known_ones():
    """N orders of new buyers on the first day, N of known ones on each later day."""
    found = by_buyer()
    orders = BUYERS * np.array([[1, 0], [0, 1], [0, 1]])
    assert np.array_equal(found["orders_count"], orders)
    assert np.array_equal(found["gmv_fen"], orders * PRICE)
    assert np.array_equal(found["subsidy_fen"], orders * [FIRST, LATER])
    assert np.array_equal(found["gmv_paid_fen"], orders * [PRICE - FIRST, PRICE - LATER])


def test_a_return_is_booked_with_its_order():
    """Everything comes back: in either row what was sold, and what was given for it."""
    found = by_buyer()
    assert found["returned_fen"].any(axis=0).all()
    assert np.array_equal(found["returned_fen"], found["gmv_fen"])
    assert np.array_equal(found["refunded_subsidy_fen"], found["subsidy_fen"])


def test_the_second_order_of_a_slot_is_a_known_buyers():
    """Of two visits in a slot the second finds a known buyer, who had looked as a new one."""
    found = by_buyer("scenario.buyers.visits_per_day=2")
    assert np.array_equal(found["orders_count"], BUYERS * np.array([[1, 1], [0, 2], [0, 2]]))
    assert found["subsidy_fen"][0].tolist() == [BUYERS * FIRST] * 2
    assert found["subsidy_fen"][1].tolist() == [0, 2 * BUYERS * LATER]


@pytest.mark.parametrize("before", [0, 1])
def test_who_buys_by_external_links_stays_what_one_was(before):
    """All orders leak: nobody's first order here is ever made, whoever had bought before."""
    found = by_buyer(
        "scenario.suppliers.source.external_share=1",
        f"scenario.buyers.bought_before_share={before}",
    )
    leaked = np.zeros((DAYS, 2))
    leaked[:, before] = BUYERS
    assert np.array_equal(found["leaked_orders_count"], leaked)
    assert not found["orders_count"].any()

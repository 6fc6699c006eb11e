"""What the kernels of a slot share: its random streams and levels, and the looks."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.market.terms import SlotTerms
from engine.rng import Purpose, from_entity, key

OUTSIDE, LOST = 255, 254
"""Choices that are no good: nothing bought; lost the stock lottery."""

PUBLIC_FEED, FAMILY = 255, 254
"""In place of the number of a follow: come by the feed, or passed on by a family."""


class RandomStreams(NamedTuple):
    """Keys (uint64) of what is drawn in slots: of the run, and of one slot.

    In the order of `_STREAMS`: first what buyers draw, then who is live. `numbers` (int64): the
    slot's day and number. `first_buyer` (1,): what moves a stream to the shard's first buyer.
    """

    run_keys: NDArray[np.uint64]
    slot_keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    first_buyer: NDArray[np.uint64]

    @classmethod
    def of(cls, run_seed: int, first_buyer: int) -> Self:
        """The streams of a run, before any slot."""
        keys = np.array([key(run_seed, purpose) for purpose in _STREAMS])
        first = np.array([from_entity(0, first_buyer)])
        return cls(keys, np.zeros_like(keys), np.zeros(2, np.int64), first)


_STREAMS = (
    Purpose.VISIT,
    Purpose.ROUTE,
    Purpose.LOOK,
    Purpose.CHOICE,
    Purpose.RATION_COUPON,
    Purpose.RATION_STOCK,
    Purpose.RETURN,
    Purpose.FOLLOW,
    Purpose.LIVE,
)
LIVE_STREAM = _STREAMS.index(Purpose.LIVE)
"""The only one that is no buyer's."""


class SlotContext(NamedTuple):
    """What all buyers share in one slot: its random streams and the state of the day.

    Written by `sessions.opening.open_slot`, for all kernels of the slot.
    """

    visit: np.uint64
    route: np.uint64
    look: np.uint64
    choice: np.uint64
    ration: np.uint64
    stock: np.uint64
    returned: np.uint64
    follow: np.uint64
    day: np.int64
    month_start: np.int64
    last_month_start: np.int64
    most_sessions: np.int64
    visit_level: np.float32
    attention_level: np.float32
    public_attention: np.float32
    outside_level: np.float32
    public_odds: np.float32
    family_share: np.float32
    somebody_gone: np.bool_
    coupon_reach: np.int64
    partner_share_bp: np.int64
    take_bp: NDArray[np.int64]
    offer_bp: NDArray[np.int64]
    is_co_funded: NDArray[np.bool_]

    @classmethod
    def new(cls, terms: SlotTerms) -> Self:
        """A context before any slot: zeros of the right types, and what holds in every slot."""
        *numbers, _, _, _ = cls.__annotations__.values()
        by_kind = terms.take_bp, terms.offer_bp, terms.is_co_funded
        return cls._make([*(kind(0) for kind in numbers), *by_kind])


LOOK = np.dtype(
    [
        ("buyer", np.uint32),
        ("anchor", np.uint32),
        ("session", np.uint8),
        ("follow", np.uint8),
        ("coupon", np.uint8),
        ("choice", np.uint8),
        ("bucket", np.uint16),
        ("affinity", np.uint16),
    ]
)
"""One serious look, in 16 bytes: who, where, by which follow, with which coupon, choosing what."""

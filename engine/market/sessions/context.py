"""What the kernels of a slot share: its random streams and levels, and the looks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OUTSIDE, LOST = 255, 254
"""Choices that are no good: nothing bought; lost the stock lottery."""

PUBLIC_FEED, FAMILY = 255, 254
"""In place of the number of a follow: come by the feed, or passed on by a family."""


class SlotContext(NamedTuple):
    """What all buyers share in one slot: its random streams and the state of the day."""

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

"""Money and fixed-point units, and the axes that every market has.

Money is an integer number of fen (1 RMB = 100 fen), rates applied to money are
integer basis points (1 bp = 1/10,000), expected sales are kept in fixed point so
that no order of addition matters.
"""

from enum import IntEnum
from typing import Final

FEN_PER_RMB: Final = 100
FEN_PER_BN_RMB: Final = 100_000_000_000
RATE_DAYS, RATE_DAYS_OF_2020 = 365, 366
"""Days of the year of an amount "a year": of investments; of the sales that sellers expect, which
are figures of 2020. Units, not calendars: they do not depend on which days are simulated."""
BP: Final = 10_000
"""Basis points in one."""

EXPECTED_ONE: Final = 1 << 20
"""Fixed-point value of one expected sale."""


class Tier(IntEnum):
    """City-tier groups of buyers."""

    TIER12 = 0
    TIER3 = 1


class Domain(IntEnum):
    """Traffic domains: followed anchors, or the platform's feed."""

    PRIVATE = 0
    PUBLIC = 1


class Buyer(IntEnum):
    """Whether an order is its buyer's first ever, or the buyer had bought before."""

    NEW = 0
    KNOWN = 1


TIERS: Final = tuple(tier.name.lower() for tier in Tier)
N_TIERS: Final = len(TIERS)
SEGMENTS: Final = {
    "kind": (),
    "tier": TIERS,
    "domain": tuple(domain.name.lower() for domain in Domain),
    "buyer": tuple(buyer.name.lower() for buyer in Buyer),
}
"""The axes by which a ledger is split, by their columns in the tables: the words along each. The
kinds are the scenario's."""


def to_fen(rmb: float) -> int:
    """RMB as whole fen, rounded to nearest."""
    return round(rmb * FEN_PER_RMB)


def to_bp(share: float) -> int:
    """A share as whole basis points, rounded to nearest."""
    return round(share * BP)

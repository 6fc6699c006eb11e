"""The words of the market: index letters, money and fixed-point units.

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


class Kind(IntEnum):
    """Kinds of supplier, in the order of every array indexed by kind."""

    SOURCE = 0
    PLATFORM_BRAND = 1
    DOMESTIC = 2
    MULTINATIONAL = 3
    PARTNER = 4


class Category(IntEnum):
    """Categories of goods, in the order of every array indexed by category."""

    APPAREL = 0
    FOOD = 1
    BEAUTY = 2
    HOUSEHOLD = 3
    APPLIANCES = 4
    PHONES = 5


class Tier(IntEnum):
    """City-tier groups of buyers."""

    TIER12 = 0
    TIER3 = 1


class Domain(IntEnum):
    """Traffic domains: followed anchors, or the platform's feed."""

    PRIVATE = 0
    PUBLIC = 1


KINDS: Final = tuple(kind.name.lower() for kind in Kind)
CATEGORIES: Final = tuple(category.name.lower() for category in Category)
TIERS: Final = tuple(tier.name.lower() for tier in Tier)
DOMAINS: Final = tuple(domain.name.lower() for domain in Domain)

N_KINDS: Final = len(KINDS)
N_CATEGORIES: Final = len(CATEGORIES)
N_TIERS: Final = len(TIERS)
N_DOMAINS: Final = len(DOMAINS)

BRAND_KINDS: Final = (Kind.DOMESTIC, Kind.MULTINATIONAL, Kind.PARTNER)
"""Kinds that count as brands in the brand share (the platform's own are still becoming one)."""


def to_fen(rmb: float) -> int:
    """RMB as whole fen, rounded to nearest."""
    return round(rmb * FEN_PER_RMB)


def to_bp(share: float) -> int:
    """A share as whole basis points, rounded to nearest."""
    return round(share * BP)

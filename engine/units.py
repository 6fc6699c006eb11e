"""The words of the market: index letters, money and fixed-point units.

Money is an integer number of fen (1 RMB = 100 fen), rates applied to money are
integer basis points (1 bp = 1/10,000), expected sales are kept in fixed point so
that no order of addition matters.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FEN_PER_RMB: Final = 100
FEN_PER_BN_RMB: Final = 100_000_000_000
RATE_DAYS, RATE_DAYS_OF_2020 = 365, 366
"""Days of the year of an amount "a year": of investments; of the sales that sellers expect, which
are figures of 2020. Units, not calendars: they do not depend on which days are simulated."""
BP: Final = 10_000
"""Basis points in one."""

EXPECTED_ONE: Final = 1 << 20
"""Fixed-point value of one expected sale."""


class _KindRoles(NamedTuple):
    """A kind of supplier: its word in `conf` and in the tables, and what is true of it.

    `is_brand`: its goods count in the brand share (the platform's own are still becoming
    brands); `joins_plan`: may enter the brand plan (M12); `learns_from_trials`: trial streams
    move its belief (M15); `is_incubated`: its awareness grows with what it sells, and the
    platform pays for that (M2); `is_co_funded`: the retail partner pays a part of the coupons
    on its goods; `comes_with_partner`: there from `suppliers.partner_date` on, and never
    before (M4). `mechanism` is the one that its coupon rate belongs to, if any.
    """

    name: str
    is_brand: bool = False
    joins_plan: bool = False
    learns_from_trials: bool = False
    is_incubated: bool = False
    is_co_funded: bool = False
    comes_with_partner: bool = False
    mechanism: str = ""


# A line each: a new kind or category is a line here and its values in conf/scenario and
# conf/policy. Their order is that of every array indexed by kind or by category.
# fmt: off
KIND_TABLE: Final = (
    _KindRoles("source", mechanism="m01_source_goods"),
    _KindRoles("platform_brand", is_incubated=True),
    _KindRoles("domestic", is_brand=True, joins_plan=True, learns_from_trials=True),
    _KindRoles("multinational", is_brand=True, joins_plan=True, learns_from_trials=True),
    _KindRoles("partner", is_brand=True, learns_from_trials=True, is_co_funded=True,
              comes_with_partner=True, mechanism="m04_retail_partner"),
)
"""The kinds of supplier."""

CATEGORIES: Final = ("apparel", "food", "beauty", "household", "appliances", "phones")
"""The categories of goods."""
# fmt: on


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


KINDS: Final = tuple(kind.name for kind in KIND_TABLE)
TIERS: Final = tuple(tier.name.lower() for tier in Tier)
SEGMENTS: Final = {
    "kind": KINDS,
    "tier": TIERS,
    "domain": tuple(domain.name.lower() for domain in Domain),
    "buyer": tuple(buyer.name.lower() for buyer in Buyer),
}
"""The axes by which a ledger is split, by their columns in the tables: the words along each."""

N_KINDS: Final = len(KINDS)
N_CATEGORIES: Final = len(CATEGORIES)
N_TIERS: Final = len(TIERS)
SEGMENTS_SHAPE: Final = tuple(map(len, SEGMENTS.values()))


def _kinds_that(role: str) -> NDArray[np.bool_]:
    """Whether each kind has a role, (kinds,) bool; kernels read it as a constant."""
    flags = np.array([getattr(kind, role) for kind in KIND_TABLE], np.bool_)
    flags.setflags(write=False)
    return flags


IS_BRAND: Final = _kinds_that("is_brand")
JOINS_PLAN: Final = _kinds_that("joins_plan")
LEARNS_FROM_TRIALS: Final = _kinds_that("learns_from_trials")
IS_INCUBATED: Final = _kinds_that("is_incubated")
IS_CO_FUNDED: Final = _kinds_that("is_co_funded")
COMES_WITH_PARTNER: Final = _kinds_that("comes_with_partner")


def to_fen(rmb: float) -> int:
    """RMB as whole fen, rounded to nearest."""
    return round(rmb * FEN_PER_RMB)


def to_bp(share: float) -> int:
    """A share as whole basis points, rounded to nearest."""
    return round(share * BP)

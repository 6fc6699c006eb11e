"""Who sells: kinds of supplier, what they bring, and what their adoption answers to."""

from collections.abc import Iterable
from datetime import date
from math import exp
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from engine.spec.base import MOST_BN, ByCategory, Open, Share, Spec, quantity

_MOST_RMB: Final = 10_000_000
"""Fen of a price are kept in 32 bits."""

_FAR_OUT: Final = 5.0
"""Standard deviations that one good of millions lies out."""


class _SupplierKind(Spec):
    """The numbers of one kind of supplier (M1-M4)."""

    count_share: Share
    price_rmb: float = quantity("RMB", "price elsewhere, mean category", gt=0, le=100_000)
    cost_share: float = quantity("share of the price elsewhere", "unit cost", gt=0, lt=1)
    quality: Share
    quality_sd: Share
    brand: Share
    commission_share: float = quantity("share of price", "CPS offered", ge=0, le=0.6)
    expected_sales_rmb: float = quantity(
        "RMB a year and pool member",
        "sales that one percent of all suppliers expects of this kind before it knows (M15)",
        gt=0,
        le=1e6,
    )
    conduct: float = quantity(
        "share", "1 prices as a monopolist of its look, 0 at cost", ge=0, le=1
    )
    joined_share: float = quantity("share", "on the platform on the first day", ge=0, le=1)
    adoption_per_day: float = quantity("hazard per day", "at neutral belief (M3)", ge=0, le=1)
    exit_per_day: float = quantity(
        "hazard per day", "of leaving at neutral belief (M3)", ge=0, le=1
    )
    external_share: float = quantity("share", "that link out of the shop (M11)", ge=0, le=1)
    capacity_units: float = quantity(
        "units per day and percent of all suppliers", "daily capacity", gt=0, le=1e10
    )


class _Investment(Spec):
    """What money in supply chains does (M21)."""

    delay_days: int = quantity("days", "from the money to the effect", ge=0, le=3650)
    scale_bn_rmb: float = quantity("bn RMB", "sum that does 63 % of all it can", gt=0, le=MOST_BN)
    capacity_gain: Annotated[float, Field(ge=0, le=100)]
    cost_cut: float = quantity("share", "of unit costs, at most", ge=0, lt=1)
    quality_gain: Share


class SuppliersSpec(Open):
    """All kinds of supplier, each under its word, and what their adoption answers to."""

    __pydantic_extra__: dict[str, _SupplierKind]

    goods_count: int = quantity("goods", "of each supplier", ge=1, le=64)
    price_log_sd: Annotated[float, Field(ge=0, le=2)]
    category_price: ByCategory
    repricing_speed: float = quantity("share per day", "of the gap to the best price", ge=0, le=1)
    belief_speed: float = quantity("share per day", "of the gap to what sold (M15)", ge=0, le=1)
    trial_weight: Share
    imitation: float = quantity(
        "factor", "joining hazard x (1 + imitation * joined share of its kind)", ge=0, le=1000
    )
    belief_response: float = quantity("power", "adoption ~ belief^power (M3)", ge=0, le=5)
    refuse_share: float = quantity("share", "external sellers a closed loop drives off", ge=0, le=1)
    external_friction: float = quantity("utility", "lost by the jump out (M11)", ge=0, le=50)
    awareness_gain: float = quantity(
        "share of the gap per kept unit a day and 1,000 people",
        "of platform brands (M2)",
        ge=0,
        le=1,
    )
    library_mismatch: float = quantity(
        "share", "of quality lost to goods of a library that is wide open (M5)", ge=0, le=1
    )
    library_exit: float = quantity(
        "factor",
        "hazard of leaving x (1 + library_exit * openness), of joining / it (M5)",
        ge=0,
        le=100,
    )
    loop_exit_per_day: float = quantity(
        "hazard per day", "of leaving, of who is made to sell in a closed shop (M11)", ge=0, le=1
    )
    adverse_selection: float = quantity(
        "share of quality per share of suppliers", "that later joiners are worse (M3)", ge=0, le=1
    )
    investment: _Investment
    plan_lift: float = quantity("factor", "looks that the brand plan brings a member", ge=1, le=10)
    stock_days: float = quantity("days of capacity", "largest stock", ge=1, le=3650)
    partner_date: date | None = Field(description="first day of the retail partner (M4)")

    @model_validator(mode="after")
    def _prices(self) -> Self:
        prices = (kind.price_rmb for kind in self.kinds(self.words))
        factors = self.category_price.of(self.category_price.words)
        dearest = max(prices, default=0.0) * max(factors, default=0.0)
        if dearest * exp(_FAR_OUT * self.price_log_sd) > _MOST_RMB:
            raise ValueError(
                "price_rmb times category_price, some price_log_sd above it, lies above "
                f"{_MOST_RMB:,} RMB, the most that a price is kept as"
            )
        return self

    def kinds(self, words: Iterable[str]) -> tuple[_SupplierKind, ...]:
        """The numbers of some kinds, in the order of their words."""
        return tuple(getattr(self, word) for word in words)

"""What is read off a simulated year for each observed key: the one list of known figures.

Beside the names of `KNOWN` every measure that adds up over days is known by its own name, as
`gmv_paid_fen@2020-H2`. A key that is neither is listed as not modelled. To model one, add a line
to `KNOWN`.
"""

from math import inf
from typing import Final, Literal, NamedTuple

from engine.calibrate.probe import (
    cart_uplift,
    later_orders,
    market_elasticity,
    probed_own_elasticity,
    uplift,
    voucher_uplift,
)
from engine.calibrate.readings import (
    Read,
    brand_goods,
    brand_share,
    buyer_spend,
    buyers_growth,
    exponent,
    fans_between,
    gmv,
    largest_stream,
    order_value,
    orders_growth,
    percentage,
    top,
)
from engine.calibrate.run_reader import RunReader, Span
from engine.measures.flows import FLOW_MEASURES
from engine.units import FEN_PER_BN_RMB

_FigureKind = Literal["level", "growth", "share", "elasticity", "elsewhere"]
"""What sort of figure: how far a model that is right in the main may be off it."""


class FigureMeasure(NamedTuple):
    """How a figure is read.

    `read` takes a year and the periods; `unit` is how the observed unit must begin, `¤` in it the
    scenario's currency;
    `spans_count` the periods it takes, 0 for the whole horizon whatever the row says; `reading`
    tells two readings of one key apart; `probe` says which experiments it needs; `is_input`
    that the scenario's own numbers give it, so that to meet it proves nothing.
    """

    unit: str
    says: str
    read: Read
    spans_count: int = 1
    reading: str = ""
    kind: _FigureKind = "level"
    probe: Literal["", "dates", "voucher"] = ""
    is_input: bool = False


_DAU = FigureMeasure(
    "million",
    "mean daily users; their path is an input, activity moves it",
    lambda reader, spans: float(reader.days("dau_count", spans[0]).mean()) / 1e6,
    is_input=True,
)
_RETURNS = FigureMeasure(
    "%",
    "returned GMV / GMV",
    lambda reader, spans: percentage(reader, "returned_fen", "gmv_fen", spans[0]),
    kind="share",
)
_COMMISSION = FigureMeasure(
    "%",
    "commission / GMV, whole horizon",
    lambda reader, _: percentage(reader, "commission_fen", "gmv_fen", reader.horizon),
    spans_count=0,
    kind="share",
)

KNOWN: Final[dict[str, tuple[FigureMeasure, ...]]] = {
    "gmv": (FigureMeasure("bn ¤", "GMV at list price, before returns", gmv),),
    "orders": (
        FigureMeasure(
            "million",
            "orders",
            lambda reader, spans: reader.total("orders_count", spans[0]) / 1e6,
        ),
    ),
    "buyers": (
        FigureMeasure(
            "million",
            "people who bought in a month, mean over months",
            lambda reader, spans: reader.monthly("paying_buyers_count", spans[0]) / 1e6,
        ),
    ),
    "orders_growth": (FigureMeasure("%", "growth of orders", orders_growth, 2, kind="growth"),),
    "buyers_growth": (
        FigureMeasure("%", "growth of monthly buyers", buyers_growth, 2, kind="growth"),
    ),
    "active_buyers": (
        FigureMeasure(
            "million",
            "people who have ever bought by the end of the period",
            lambda reader, spans: reader.active_buyers(spans[0]) / 1e6,
        ),
    ),
    "buyer_spend": (
        FigureMeasure(
            "¤",
            "GMV at list price / people who have ever bought by the end of the period",
            buyer_spend,
        ),
    ),
    "order_value": (FigureMeasure("¤", "GMV at list price / orders", order_value),),
    "repeat_rate": (
        FigureMeasure(
            "%",
            "of a month's buyers, those with two orders or more in it",
            lambda reader, spans: 100.0 * reader.monthly("repeat_twice_share", spans[0]),
            reading="twice",
            kind="share",
        ),
        FigureMeasure(
            "%",
            "of a month's buyers, those who bought in the next",
            lambda reader, spans: 100.0 * reader.monthly("repeat_next_share", spans[0], after=True),
            reading="next",
            kind="share",
        ),
    ),
    "take_share": (
        FigureMeasure(
            "%",
            "take, less what returns gave back / GMV",
            lambda reader, spans: percentage(
                reader, "take_fen", "gmv_fen", spans[0], less="refunded_take_fen"
            ),
            kind="share",
        ),
    ),
    "daily_users": (_DAU,),
    "tier12_share": (
        FigureMeasure(
            "%",
            "share of the pool, an input",
            lambda reader, _: 100.0 * reader.scenario.buyers.tier12_share,
            is_input=True,
        ),
    ),
    **{
        f"top_share({count})": (
            FigureMeasure("%", f"share of the largest {count}", top(count), kind="share"),
        )
        for count in (1, 10, 25, 100)
    },
    "rank_size_exponent": (
        FigureMeasure("s in", "from the top-10 and top-100 shares", exponent, kind="elasticity"),
    ),
    "fans_log_sd": (
        FigureMeasure(
            "",
            "log-sd of fans on the first day, an input",
            lambda reader, _: reader.scenario.anchors.fans_log_sd,
            0,
            is_input=True,
        ),
    ),
    **{
        f"fans_share({name})": (
            FigureMeasure(
                "%",
                "of accounts above 0.1 million fans, an input",
                fans_between(low, high),
                0,
                is_input=True,
            ),
        )
        for name, low, high in (
            ("10-", 10, inf),
            ("3-10", 3, 10),
            ("1-3", 1, 3),
            ("0.3-1", 0.3, 1),
            ("0.1-0.3", 0.1, 0.3),
        )
    },
    "stream_sales(guests)": (
        FigureMeasure(
            "bn ¤",
            "expected GMV as paid of that day's guest",
            lambda reader, spans: reader.guests_gmv_fen(spans[0]) / FEN_PER_BN_RMB,
        ),
    ),
    "stream_sales(largest)": (
        FigureMeasure("bn ¤", "expected GMV as paid of the day's largest anchor", largest_stream),
    ),
    "brand_sales": (
        FigureMeasure("bn ¤", "GMV at list price of brands and the retail partner", brand_goods),
    ),
    "return_rate": (_RETURNS,),
    "horizon_return_rate": (
        FigureMeasure(
            "%",
            "returned GMV / GMV, whole horizon",
            lambda reader, _: percentage(reader, "returned_fen", "gmv_fen", reader.horizon),
            0,
            kind="share",
        ),
    ),
    "commission_rate": (_COMMISSION,),
    "private_repeat_share": (
        FigureMeasure(
            "%",
            "share of repeated orders made as a follower, whole horizon",
            lambda reader, _: 100.0 * float(reader.year.run["private_repeat_share"]),
            0,
            kind="share",
        ),
    ),
    "brand_share": (
        FigureMeasure("%", "share of brands and the retail partner", brand_share, kind="share"),
    ),
    "own_elasticity": (
        FigureMeasure(
            "",
            "own price, between copies that differ by a coupon on one kind; mean over dates",
            probed_own_elasticity,
            0,
            kind="elasticity",
            probe="dates",
        ),
    ),
    "coupon_orders_uplift": (
        FigureMeasure(
            "% more",
            "orders per look of one kind with a coupon on it; mean over dates",
            cart_uplift,
            0,
            kind="elsewhere",
            probe="dates",
        ),
    ),
    "coupon_later_orders": (
        FigureMeasure(
            "%",
            "orders after a coupon on everything against none; mean over dates",
            later_orders,
            0,
            kind="elsewhere",
            probe="dates",
        ),
    ),
    "voucher_spending": (
        FigureMeasure(
            "¤ spend",
            "GMV at list price more per unit of a coupon on everything, weeks after it included",
            voucher_uplift,
            0,
            kind="elsewhere",
            probe="voucher",
        ),
    ),
}
"""Readings by key. Of several, the first is that of `fit` unless the job says otherwise."""

SHOWN_BY_DATE: Final[dict[str, FigureMeasure]] = {
    "market_elasticity": FigureMeasure(
        "", "orders by price, coupon on everything", market_elasticity, probe="dates"
    ),
    "coupon_uplift_list": FigureMeasure(
        "¤ per ¤",
        "GMV at list price per coupon on everything, in its days",
        uplift("gmv_fen", after=False),
        probe="dates",
    ),
    "coupon_uplift_paid": FigureMeasure(
        "¤ per ¤",
        "GMV as paid per coupon on everything, in its days",
        uplift("gmv_paid_fen", after=False),
        probe="dates",
    ),
    "coupon_uplift_paid_after": FigureMeasure(
        "¤ per ¤",
        "the same, with the days after it",
        uplift("gmv_paid_fen", after=True),
        probe="dates",
    ),
}
"""What is read at every date of the experiments, though nobody has observed it."""


def measures_of(key: str) -> tuple[FigureMeasure, ...]:
    """Return the readings of a key; none if it is not modelled."""
    if key in KNOWN:
        return KNOWN[key]
    found = next((measure for measure in FLOW_MEASURES if measure.name == key), None)
    if found is None:
        return ()
    is_money = key.endswith("_fen")
    size = FEN_PER_BN_RMB if is_money else 1e6

    def read(reader: RunReader, days: tuple[Span, ...]) -> float:
        return reader.total(key, days[0]) / size

    return (FigureMeasure("bn ¤" if is_money else "million", found.label, read),)

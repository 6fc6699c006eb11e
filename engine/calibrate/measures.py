"""What is read off a simulated year for each observed key: the one list of known figures.

A key that is not here is listed as not modelled. To model one, add a line to `KNOWN`.
"""

from collections.abc import Callable
from math import inf, isfinite, log
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from engine.calibrate.run_reader import RunReader, Span
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB, IS_BRAND

_TOP: Final = (10, 100)
"""Ranks between which the exponent of the rank-size law is read."""


class FigureMeasure(NamedTuple):
    """How a figure is read.

    `read` takes a year and the periods; `unit` is how the observed unit must begin;
    `spans_count` the periods it takes, 0 for the whole horizon whatever the row says; `reading`
    tells two readings of one key apart.
    """

    unit: str
    says: str
    read: Callable[[RunReader, tuple[Span, ...]], float]
    spans_count: int = 1
    reading: str = ""
    needs_probe: bool = False


def _gmv(reader: RunReader, spans: tuple[Span, ...]) -> float:
    return reader.total("gmv_fen", spans[0]) / FEN_PER_BN_RMB


def _ratio(reader: RunReader, part: str, whole: str, span: Span, less: str = "") -> float:
    """Return 100 * (part - less) / whole over a span, 0 where the whole is 0."""
    above = reader.total(part, span) - (reader.total(less, span) if less else 0.0)
    below = reader.total(whole, span)
    return 100.0 * above / below if below else 0.0


def _growth(now: float, before: float) -> float:
    return 100.0 * (now / before - 1.0) if before else 0.0


def _orders_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    return _growth(*(reader.total("orders_count", span) for span in spans))


def _buyers_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    return _growth(*(reader.monthly("paying_buyers_count", span) for span in spans))


def _order_value(reader: RunReader, spans: tuple[Span, ...]) -> float:
    orders = reader.total("orders_count", spans[0])
    return reader.total("gmv_fen", spans[0]) / orders / FEN_PER_RMB if orders else 0.0


def _top(count: int) -> Callable[[RunReader, tuple[Span, ...]], float]:
    return lambda reader, spans: 100.0 * reader.monthly(f"top{count}_share", spans[0])


def _rank_exponent(top10: float, top100: float) -> float:
    """The s of GMV ~ rank^-s with sum_1..10 k^-s / sum_1..100 k^-s = top10 / top100."""
    ranks = np.arange(1, _TOP[1] + 1, dtype=np.float64)
    low, high = -5.0, 20.0  # the ratio rises with s
    wanted = top10 / top100 if top100 > 0 else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        sizes = ranks**-middle
        if sizes[: _TOP[0]].sum() / sizes.sum() < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _exponent(reader: RunReader, spans: tuple[Span, ...]) -> float:
    return _rank_exponent(*(reader.monthly(f"top{count}_share", spans[0]) for count in _TOP))


def _fans_between(low: float, high: float) -> Callable[[RunReader, tuple[Span, ...]], float]:
    """Per cent of the accounts above 0.1 million fans with these many million, on day 1.

    Of the lognormal law that the anchors are drawn from: a year keeps its last day's fans
    only, and a few hundred anchors hold one or two of the largest class.
    """

    def read(reader: RunReader, _: tuple[Span, ...]) -> float:
        spec = reader.scenario.anchors
        law = NormalDist(spec.fans_log_mean, max(spec.fans_log_sd, 1e-9))
        below = [law.cdf(log(1e6 * fans)) if isfinite(fans) else 1.0 for fans in (low, high, 0.1)]
        return 100.0 * (below[1] - below[0]) / (1.0 - below[2])

    return read


def _largest_stream(reader: RunReader, spans: tuple[Span, ...]) -> float:
    paid = reader.days("expected_gmv_paid_fen", spans[0]) * reader.days("top1_share", spans[0])
    return float(paid.sum()) / FEN_PER_BN_RMB


def _brand_goods(reader: RunReader, spans: tuple[Span, ...]) -> float:
    return reader.total_of_kinds("gmv_fen", spans[0], IS_BRAND) / FEN_PER_BN_RMB


_DAU = FigureMeasure(
    "million",
    "mean daily users; their path is an input, activity moves it",
    lambda reader, spans: float(reader.days("dau_count", spans[0]).mean()) / 1e6,
)
_RETURNS = FigureMeasure(
    "%",
    "returned GMV / GMV",
    lambda reader, spans: _ratio(reader, "returned_fen", "gmv_fen", spans[0]),
)
_COMMISSION = FigureMeasure(
    "%",
    "commission / GMV, whole horizon",
    lambda reader, _: _ratio(reader, "commission_fen", "gmv_fen", reader.horizon),
    spans_count=0,
)

KNOWN: Final[dict[str, tuple[FigureMeasure, ...]]] = {
    "ks_ecom_gmv": (FigureMeasure("RMB bn", "GMV at list price, before returns", _gmv),),
    "ks_orders_growth": (FigureMeasure("%", "growth of orders", _orders_growth, 2),),
    "ks_buyers_growth": (FigureMeasure("%", "growth of monthly buyers", _buyers_growth, 2),),
    "ks_aov": (FigureMeasure("RMB", "GMV at list price / orders", _order_value),),
    "ks_repeat_rate_monthly": (
        FigureMeasure(
            "%",
            "of a month's buyers, those with two orders or more in it",
            lambda reader, spans: 100.0 * reader.monthly("repeat_twice_share", spans[0]),
            reading="twice",
        ),
        FigureMeasure(
            "%",
            "of a month's buyers, those who bought in the next",
            lambda reader, spans: 100.0 * reader.monthly("repeat_next_share", spans[0], after=True),
            reading="next",
        ),
    ),
    "ks_take_rate_commission": (
        FigureMeasure(
            "%",
            "take, less what returns gave back / GMV",
            lambda reader, spans: _ratio(
                reader, "take_fen", "gmv_fen", spans[0], less="refunded_take_fen"
            ),
        ),
    ),
    "ks_dau_app": (_DAU,),
    "ks_share_tier1_2": (
        FigureMeasure(
            "%",
            "share of the pool, an input",
            lambda reader, _: 100.0 * reader.scenario.buyers.tier12_share,
        ),
    ),
    **{
        f"ks_top{count}_share_of_gmv": (
            FigureMeasure("%", f"share of the largest {count}", _top(count)),
        )
        for count in (1, 10, 25, 100)
    },
    "ks_rank_size_exponent": (
        FigureMeasure("s in", "from the top-10 and top-100 shares", _exponent),
    ),
    "follower_lognormal_sigma": (
        FigureMeasure(
            "",
            "log-sd of fans on the first day, an input",
            lambda reader, _: reader.scenario.anchors.fans_log_sd,
            0,
        ),
    ),
    **{
        f"kol_tier_share_{name}": (
            FigureMeasure(
                "%", "of accounts above 0.1 million fans, an input", _fans_between(low, high), 0
            ),
        )
        for name, low, high in (
            ("gt10m", 10, inf),
            ("3to10m", 3, 10),
            ("1to3m", 1, 3),
            ("0.3to1m", 0.3, 1),
            ("0.1to0.3m", 0.1, 0.3),
        )
    },
    "dong_live": (
        FigureMeasure(
            "RMB bn",
            "expected GMV as paid of that day's guest",
            lambda reader, spans: reader.guests_gmv_fen(spans[0]) / FEN_PER_BN_RMB,
        ),
    ),
    "simba_live": (
        FigureMeasure(
            "RMB bn", "expected GMV as paid of the day's largest anchor", _largest_stream
        ),
    ),
    "jd_double10bn_day_sales": (
        FigureMeasure("RMB bn", "GMV at list price of brands and the retail partner", _brand_goods),
    ),
    "return_rate_live_norm": (_RETURNS,),
    "return_rate_live": (
        FigureMeasure(
            "%",
            "returned GMV / GMV, whole horizon",
            lambda reader, _: _ratio(reader, "returned_fen", "gmv_fen", reader.horizon),
            0,
        ),
    ),
    "kol_commission": (_COMMISSION,),
    "kol_commission_range": (_COMMISSION,),
    "ks_repurchase_from_follow_page": (
        FigureMeasure(
            "%",
            "share of repeated orders made as a follower, whole horizon",
            lambda reader, _: 100.0 * float(reader.year.run["private_repeat_share"]),
            0,
        ),
    ),
    "elasticity_meta_mean": (
        FigureMeasure(
            "",
            "own price, from two years that differ by a coupon on one kind",
            lambda reader, _: reader.elasticity,
            0,
            needs_probe=True,
        ),
    ),
}
"""Readings by key. Of several, the first is that of `fit` unless the job says otherwise."""

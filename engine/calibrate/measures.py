"""What is read off a simulated run for each observed key: the one list of known figures.

A small function each, then the list. Beside the names of `KNOWN` every measure that adds up over
days is known by its own name, as `gmv_paid_fen@2020-H2`. A key that is neither is refused, unless
its row has the role `unmodelled`. To model one, add a line to `KNOWN`, or to
`engine.calibrate.probe.PROBED` where an experiment shows it.
"""

from math import inf, isfinite, log
from statistics import NormalDist
from typing import Final

import numpy as np

from engine.calibrate.probe import PROBED
from engine.calibrate.run_reader import FigureMeasure, Read, RunReader, Span
from engine.measures.flows import FLOW_MEASURES
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB

_TOP: Final = (10, 100)
"""Ranks between which the exponent of the rank-size law is read."""


def _gmv(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price, bn RMB."""
    return reader.total("gmv_fen", spans[0]) / FEN_PER_BN_RMB


def _percentage(reader: RunReader, part: str, whole: str, span: Span, less: str = "") -> float:
    """Return 100 * (part - less) / whole over a span, per cent, 0 where the whole is 0.

    Parameters
    ----------
    reader
        Of the run.
    part, whole, less
        Columns of `daily` that add up over days; without `less` nothing is taken off.
    span
        Days, both ends included.
    """
    above = reader.total(part, span) - (reader.total(less, span) if less else 0.0)
    below = reader.total(whole, span)
    return 100.0 * above / below if below else 0.0


def _growth(now: float, before: float) -> float:
    return 100.0 * (now / before - 1.0) if before else 0.0


def _orders_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Growth of orders from the second period to the first, per cent."""
    return _growth(*(reader.total("orders_count", span) for span in spans))


def _buyers_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Growth of monthly buyers from the second period to the first, per cent."""
    return _growth(*(reader.monthly("paying_buyers_count", span) for span in spans))


def _order_value(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price / orders, RMB."""
    orders = reader.total("orders_count", spans[0])
    return reader.total("gmv_fen", spans[0]) / orders / FEN_PER_RMB if orders else 0.0


def _buyer_spend(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price / people who have ever bought by the period's end, RMB."""
    buyers = reader.active_buyers(spans[0])
    return reader.total("gmv_fen", spans[0]) / buyers / FEN_PER_RMB if buyers else 0.0


def _top_share(count: int) -> Read:
    """Share of the largest `count` anchors, per cent."""
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
    """Exponent of the rank-size law between the top 10 and the top 100."""
    return _rank_exponent(*(reader.monthly(f"top{count}_share", spans[0]) for count in _TOP))


def _fans_between(low: float, high: float) -> Read:
    """Per cent of the accounts above 0.1 million fans with these many million, on day 1.

    Of the lognormal law that the anchors are drawn from: a run keeps its last day's fans
    only, and a few hundred anchors hold one or two of the largest class.
    """

    def read(reader: RunReader, _: tuple[Span, ...]) -> float:
        spec = reader.scenario.anchors
        law = NormalDist(spec.fans_log_mean, max(spec.fans_log_sd, 1e-9))
        below = [law.cdf(log(1e6 * fans)) if isfinite(fans) else 1.0 for fans in (low, high, 0.1)]
        return 100.0 * (below[1] - below[0]) / (1.0 - below[2])

    return read


def _largest_stream(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Expected GMV as paid of the largest anchor of a day, bn RMB."""
    paid = reader.days("expected_gmv_paid_fen", spans[0]) * reader.days("top1_share", spans[0])
    return float(paid.sum()) / FEN_PER_BN_RMB


def _brand_goods(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price of brands and the retail partner, bn RMB."""
    return reader.total_of_kinds("gmv_fen", spans[0], "is_brand") / FEN_PER_BN_RMB


def _brand_share(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Share of brands and the retail partner in GMV at list price, per cent."""
    whole = _gmv(reader, spans)
    return 100.0 * _brand_goods(reader, spans) / whole if whole else 0.0


_DAU = FigureMeasure(
    "million",
    "mean daily users; their path is an input, activity moves it",
    lambda reader, spans: float(reader.days("dau_count", spans[0]).mean()) / 1e6,
    is_input=True,
)
_RETURNS = FigureMeasure(
    "%",
    "returned GMV / GMV",
    lambda reader, spans: _percentage(reader, "returned_fen", "gmv_fen", spans[0]),
    kind="share",
)
_COMMISSION = FigureMeasure(
    "%",
    "commission / GMV, whole horizon",
    lambda reader, _: _percentage(reader, "commission_fen", "gmv_fen", reader.horizon),
    spans_count=0,
    kind="share",
)

KNOWN: Final[dict[str, tuple[FigureMeasure, ...]]] = {
    "gmv": (FigureMeasure("bn ¤", "GMV at list price, before returns", _gmv),),
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
    "orders_growth": (FigureMeasure("%", "growth of orders", _orders_growth, 2, kind="growth"),),
    "buyers_growth": (
        FigureMeasure("%", "growth of monthly buyers", _buyers_growth, 2, kind="growth"),
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
            _buyer_spend,
        ),
    ),
    "order_value": (FigureMeasure("¤", "GMV at list price / orders", _order_value),),
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
            lambda reader, spans: _percentage(
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
            FigureMeasure("%", f"share of the largest {count}", _top_share(count), kind="share"),
        )
        for count in (1, 10, 25, 100)
    },
    "rank_size_exponent": (
        FigureMeasure("s in", "from the top-10 and top-100 shares", _exponent, kind="elasticity"),
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
                _fans_between(low, high),
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
        FigureMeasure("bn ¤", "expected GMV as paid of the day's largest anchor", _largest_stream),
    ),
    "brand_sales": (
        FigureMeasure("bn ¤", "GMV at list price of brands and the retail partner", _brand_goods),
    ),
    "return_rate": (_RETURNS,),
    "horizon_return_rate": (
        FigureMeasure(
            "%",
            "returned GMV / GMV, whole horizon",
            lambda reader, _: _percentage(reader, "returned_fen", "gmv_fen", reader.horizon),
            0,
            kind="share",
        ),
    ),
    "commission_rate": (_COMMISSION,),
    "private_repeat_share": (
        FigureMeasure(
            "%",
            "share of repeated orders made as a follower, whole horizon",
            lambda reader, _: 100.0 * float(reader.result.run["private_repeat_share"]),
            0,
            kind="share",
        ),
    ),
    "brand_share": (
        FigureMeasure("%", "share of brands and the retail partner", _brand_share, kind="share"),
    ),
    **PROBED,
}
"""Readings by key. Of several, the first is that of `fit` unless the job says otherwise."""


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

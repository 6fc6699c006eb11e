"""How observed figures are read off a simulated year: one small function each."""

from collections.abc import Callable
from math import isfinite, log
from statistics import NormalDist
from typing import Final

import numpy as np

from engine.calibrate.run_reader import RunReader, Span
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB, IS_BRAND

_TOP: Final = (10, 100)
"""Ranks between which the exponent of the rank-size law is read."""

Read = Callable[[RunReader, tuple[Span, ...]], float]
"""Takes a year and the periods of a figure, and returns its value in the figure's unit."""


def gmv(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price, bn RMB."""
    return reader.total("gmv_fen", spans[0]) / FEN_PER_BN_RMB


def percentage(reader: RunReader, part: str, whole: str, span: Span, less: str = "") -> float:
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


def orders_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Growth of orders from the second period to the first, per cent."""
    return _growth(*(reader.total("orders_count", span) for span in spans))


def buyers_growth(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Growth of monthly buyers from the second period to the first, per cent."""
    return _growth(*(reader.monthly("paying_buyers_count", span) for span in spans))


def order_value(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price / orders, RMB."""
    orders = reader.total("orders_count", spans[0])
    return reader.total("gmv_fen", spans[0]) / orders / FEN_PER_RMB if orders else 0.0


def buyer_spend(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price / people who have ever bought by the period's end, RMB."""
    buyers = reader.active_buyers(spans[0])
    return reader.total("gmv_fen", spans[0]) / buyers / FEN_PER_RMB if buyers else 0.0


def top(count: int) -> Read:
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


def exponent(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Exponent of the rank-size law between the top 10 and the top 100."""
    return _rank_exponent(*(reader.monthly(f"top{count}_share", spans[0]) for count in _TOP))


def fans_between(low: float, high: float) -> Read:
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


def largest_stream(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Expected GMV as paid of the largest anchor of a day, bn RMB."""
    paid = reader.days("expected_gmv_paid_fen", spans[0]) * reader.days("top1_share", spans[0])
    return float(paid.sum()) / FEN_PER_BN_RMB


def brand_goods(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """GMV at list price of brands and the retail partner, bn RMB."""
    return reader.total_of_kinds("gmv_fen", spans[0], IS_BRAND) / FEN_PER_BN_RMB


def brand_share(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Share of brands and the retail partner in GMV at list price, per cent."""
    whole = gmv(reader, spans)
    return 100.0 * brand_goods(reader, spans) / whole if whole else 0.0

"""Elasticities of sales to prices, as the buyers of a day, a month or a run answer to them."""

import math
from typing import Final

import numpy as np

from engine.accounts import Count
from engine.measures.measure import Column, Ints, Measure, shares


def _elasticity(counts: Ints, response: Count) -> Column:
    """Minus the response to a rise of ln price per expected sale, (rows,), of (rows, count)."""
    buys = np.asarray(counts[:, Count.PRICED_BUYS], float)
    return -shares(np.asarray(counts[:, response], float), buys)


def _measure(name: str, label: str, definition: str, response: Count) -> Measure:
    return Measure(
        name,
        label,
        f"{definition} Memories, habits, wallets and sellers' prices stand still.",
        day=lambda days: _elasticity(days.counts, response),
        month=lambda months: _elasticity(months.counts, response),
        run=lambda run: float(
            _elasticity(run.days.counts[run.first :].sum(axis=0)[None], response)[0]
        ),
        least=-math.inf,
        most=math.inf,
    )


ELASTICITY_MEASURES: Final = (
    _measure(
        "own_elasticity",
        "Elasticity, own good",
        "Change of a good's sales per change of its own price, both in logs.",
        Count.OWN_RESPONSE,
    ),
    _measure(
        "kind_elasticity",
        "Elasticity, kind",
        "Change of the sales of one kind of goods per change of all its prices, in logs.",
        Count.KIND_RESPONSE,
    ),
    _measure(
        "market_elasticity",
        "Elasticity, market",
        "Change of all sales per change of all prices, in logs.",
        Count.MARKET_RESPONSE,
    ),
)
"""In the order of their columns."""

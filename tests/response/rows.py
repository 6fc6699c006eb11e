"""Rows of `response`, made by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.measures.run_off import CONTRIBUTION
from engine.stats.intervals import student_quantile

BN = 1e11


def sweep_rows(
    lever: str,
    changes: Mapping[float, float],
    error: float | None,
    measures: Sequence[str] = ("gmv_paid_fen", CONTRIBUTION),
    base: float = 0.9,
    *,
    is_constant: bool = True,
    pairs: int = 5,
) -> list[dict[str, Any]]:
    """One lever: changes (bn RMB) by value against a base policy of 100 bn, one error for all."""
    return [
        _row(lever, value, change, error, measure, base, is_constant, pairs)
        for value, change in changes.items()
        for measure in measures
    ]


def _row(
    lever: str,
    value: float,
    change: float,
    error: float | None,
    measure: str,
    base: float,
    is_constant: bool,
    pairs: int,
) -> dict[str, Any]:
    is_base = value == base
    spread = 0.0 if is_base else error
    half = None if spread is None else student_quantile(max(pairs - 1, 1), 0.975) * spread * BN
    return {
        "lever": lever,
        "unit": "share of the price elsewhere",
        "value": value,
        "is_base": is_base,
        "is_off": value == 1.0,
        "is_constant": is_constant or not is_base,
        "measure": measure,
        "mean": (100 + change) * BN,
        "difference": change * BN,
        "standard_error": None if spread is None else spread * BN,
        "ci_low": None if half is None else change * BN - half,
        "ci_high": None if half is None else change * BN + half,
        "pairs_count": pairs,
        "range_low": 0.6,
        "range_high": 1.0,
    }

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
        {
            "lever": lever,
            "unit": "share of the price elsewhere",
            "value": value,
            "is_base": value == base,
            "is_off": value == 1.0,
            "is_constant": is_constant or value != base,
            "measure": measure,
            "mean": (100 + change) * BN,
            "pairs_count": pairs,
            "units_count": pairs,
            "range_low": 0.6,
            "range_high": 1.0,
            **_spread(change * BN, 0.0 if value == base else error, pairs),
        }
        for value, change in changes.items()
        for measure in measures
    ]


def _spread(change: float, error: float | None, pairs: int) -> dict[str, float | None]:
    """A difference in fen with its error (bn RMB) and its limits."""
    found: dict[str, float | None] = {"difference": change}
    if error is None:
        return found | dict.fromkeys(("standard_error", "ci_low", "ci_high"))
    half = student_quantile(max(pairs - 1, 1), 0.975) * error * BN
    return found | {
        "standard_error": error * BN,
        "ci_low": change - half,
        "ci_high": change + half,
    }

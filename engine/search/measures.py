"""Measures as a search sees them: which there are, and how far they can go."""

import math
from typing import Final

from engine import metrics

MEASURES: Final = tuple(name for name in metrics.RUN if name != "wall_s")
"""What a goal or a constraint may name: all but the one that differs from run to run."""

KEY_MEASURES: Final = (
    "gmv_paid_fen",
    "target_attained",
    "attainment_share",
    "subsidy_fen",
    "budget_spent_share",
    "platform_contribution_fen",
    "cost_fen",
    "top10_share",
    "brand_share",
    "dau_change_share",
    "net_gmv_fen",
    "orders_count",
    "aov_fen",
    "private_share",
    "cap_binding_share",
    "leaked_orders_count",
)
"""Measures that every row of `frontier` has, whatever the goals."""

_SIGNED: Final = {"cost_fen", "platform_contribution_fen", "dau_change_share"}
_ABOVE_ONE: Final = {
    "attainment_share",
    "dau_change_share",
    "price_ratio_share",
    "push_mean_share",
    "take_share",
}
_WITHIN_ONE: Final = {"gini", "hhi", "target_attained"}


def possible_range(measure: str) -> tuple[float, float]:
    """Return the least and the most that the mean of a measure can be, in its unit."""
    within_one = measure in _WITHIN_ONE or (
        measure.endswith("_share") and measure not in _ABOVE_ONE
    )
    return (-math.inf if measure in _SIGNED else 0.0), (1.0 if within_one else math.inf)

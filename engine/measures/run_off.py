"""What a run leaves behind: sums over the days after its horizon, and measures with them.

The horizon's own measures are those of the catalogue. A measure with run-off is the sum over
the horizon plus that over the days of run-off:

    V = sum over the horizon + sum over the run-off
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from engine.measures.measure import Measure

FLOWS: Final = ("gmv_paid_fen", "platform_contribution_fen", "subsidy_fen", "orders_count")
"""Flows of `FLOW_MEASURES` that are added up over the run-off."""

CONTRIBUTION: Final = "platform_contribution_with_run_off_fen"

RUN_OFF_MEASURES: Final = {
    measure.name: measure
    for measure in (
        Measure(
            "gmv_paid_with_run_off_fen",
            "GMV with run-off",
            "GMV as paid of the horizon and of the days of run-off after it.",
        ),
        Measure(
            CONTRIBUTION,
            "Contribution with run-off",
            "Contribution of the horizon and of the days of run-off after it, on which the base"
            " policy is in force again.",
            least=-math.inf,
        ),
    )
}
"""Measures that need the run-off, by name."""

_FLOW_OF: Final = {
    "gmv_paid_with_run_off_fen": "gmv_paid_fen",
    CONTRIBUTION: "platform_contribution_fen",
}


def with_run_off(run: Mapping[str, Any], run_off: Mapping[str, int]) -> dict[str, Any]:
    """The measures of a run and those with its run-off, which is nothing if it is empty."""
    more = {name: run[flow] + run_off.get(flow, 0) for name, flow in _FLOW_OF.items()}
    return {**run, **more}

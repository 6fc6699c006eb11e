"""What a run leaves behind: sums over the days after its horizon, and measures with them.

The horizon's own measures are those of the catalogue. A measure with run-off is the sum over
the horizon plus that over the days of run-off:

    V = sum over the horizon + sum over the run-off

The value of a policy (`engine.decision.value`) is told at several lengths of run-off and in
terms; its measures are named by both, as `platform_contribution_90d_whole_fen`.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from engine.measures.measure import Floats, Measure
from engine.units import RATE_DAYS

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

NET_PRESENT_VALUE: Final = Measure(
    "net_present_value_fen",
    "Net present value",
    "Contribution of the horizon and of the days after it that the objective counts, on which"
    " today's policy is in force again, discounted to the day of the decision.",
    least=-math.inf,
)
"""Needs the days after the horizon that `objective.horizon_days` names."""

VALUED: Final = ("platform_contribution_fen", "gmv_paid_fen")
"""Flows whose days are kept beyond the horizon."""

TERMS: Final = {
    "whole": "+{days} d",
    "in_the_year": "in horizon",
    "pulled_forward": "pulled, +{days} d",
    "left_behind": "left, +{days} d",
    "last_30_days": "last 30 of {days} d",
}
"""Terms of a value, and what each is called in a narrow table: with so many days after the
horizon, in it, what is pulled forward, what is left behind, and what the last 30 days bring."""

_VALUE: Final = re.compile(rf"(\w+)_(\d+)d_({'|'.join(TERMS)})_fen")
_VALUE_WORDS: Final = {"platform_contribution": "Value", "gmv_paid": "GMV"}

_FLOW_OF: Final = {
    "gmv_paid_with_run_off_fen": "gmv_paid_fen",
    CONTRIBUTION: "platform_contribution_fen",
}


def with_run_off(run: Mapping[str, Any], run_off: Mapping[str, int]) -> dict[str, Any]:
    """The measures of a run and those with its run-off, which is nothing if it is empty."""
    more = {name: run[flow] + run_off.get(flow, 0) for name, flow in _FLOW_OF.items()}
    return {**run, **more}


def discounts(days_count: int, decided: int, discount_per_year: float) -> Floats:
    """What a fen of each day counts on the day of the decision, (days_count,) float64.

        δ^max(t - decided, 0),  δ = (1 + discount_per_year)^(-1/365)

    Parameters
    ----------
    days_count
        Days from the horizon's first, t = 0.
    decided
        Day of the decision, counted from there; before it nothing is discounted.
    discount_per_year
        Share by which a RMB counts less that comes a year later.
    """
    days = np.maximum(np.arange(days_count) - decided, 0)
    return np.asarray((1.0 + discount_per_year) ** (-days / RATE_DAYS))


def value_measure(flow: str, horizon_days: int, term: str) -> str:
    """The name of a term of a flow's value, over so many days after the horizon."""
    return f"{flow.removesuffix('_fen')}_{horizon_days}d_{term}_fen"


def run_off_days(measure: str) -> int | None:
    """The days of run-off of a measure of value; None for any other measure."""
    found = _VALUE.fullmatch(measure)
    return int(found[2]) if found else None


def value_label(measure: str) -> str | None:
    """What a measure of value is called; None for any other measure."""
    found = _VALUE.fullmatch(measure)
    if found is None or found[1] not in _VALUE_WORDS:
        return None
    return f"{_VALUE_WORDS[found[1]]} {TERMS[found[3]].format(days=found[2])}"

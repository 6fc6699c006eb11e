"""The catalogue of measures: the columns of the tables, and what the search may name."""

from collections.abc import Iterable
from typing import Final

from engine.accounts import Account
from engine.measures.days import CONCENTRATION_MEASURES, DAY_MEASURES
from engine.measures.elasticities import ELASTICITY_MEASURES
from engine.measures.flows import FLOW_MEASURES, SEGMENT_FLOWS
from engine.measures.measure import Measure
from engine.measures.months import MONTH_MEASURES
from engine.measures.periods import split_measure
from engine.measures.run_off import NET_PRESENT_VALUE
from engine.measures.runs import RUN_MEASURES

MEASURES: Final = {
    measure.name: measure
    for measure in (
        *FLOW_MEASURES,
        *DAY_MEASURES,
        *RUN_MEASURES,
        *MONTH_MEASURES,
        *ELASTICITY_MEASURES,
    )
}
"""Every measure, by the name of its column."""


def _types(measures: Iterable[Measure]) -> dict[str, type]:
    """Names and types of the measures' columns, in the order of the measures."""
    return {measure.name: measure.column_type for measure in measures}


KEYS: Final[dict[str, type]] = {
    "policy": str,
    "trial": int,
    "world": str,
    "replication": int,
    "seed": int,
    "population": int,
}
"""Columns that name a run. `trial` is -1 outside a search; `seed` is the run seed, `population`
the world seed."""

FLOWS: Final = _types(FLOW_MEASURES)
"""Amounts of a day; a run's amount is their sum."""

DAILY: Final = FLOWS | _types(DAY_MEASURES) | _types(ELASTICITY_MEASURES)
"""Columns of a day: its flows and the state it ends in."""

RUN: Final = FLOWS | _types(RUN_MEASURES) | _types(ELASTICITY_MEASURES)
"""Columns of a simulated run."""

MONTHLY: Final = _types(MONTH_MEASURES) | _types(ELASTICITY_MEASURES)
"""Columns of a calendar month."""

CONCENTRATION: Final = tuple(_types(CONCENTRATION_MEASURES))
"""How unequally sales are spread over anchors."""

RECORDED: Final = {name: kind for name, kind in DAILY.items() if MEASURES[name].day is None} | {
    "budget_fen": float,
    "purse_day": int,
}
"""What is noted day by day: columns of `DAILY` that only the day itself knows, the purse in
force (real fen) and the number of the day on which it was opened."""

SEGMENT: Final = {
    name: account for name in SEGMENT_FLOWS if isinstance(account := MEASURES[name].day, Account)
}
"""Columns of a day's segment (`units.SEGMENTS`), by account."""

WALL_TIME: Final = "wall_s"
"""The only column of `RUN` that is not of the market: two runs of one seed do not share it."""

OUTCOMES: Final = tuple(name for name in RUN if name != WALL_TIME)
"""What a goal or a constraint may name."""

KEY_MEASURES: Final = tuple(
    name for _, name in sorted((m.key, m.name) for m in MEASURES.values() if m.key is not None)
)
"""Measures that every row of `frontier` has, whatever the goals."""


def _measure_of(name: str) -> Measure:
    """Return the measure behind a name that a goal or a constraint may have.

    That of `OUTCOMES`; the one that a measure with a period is a part of
    (`engine.measures.periods`); or the net present value.

    Raises
    ------
    KeyError
        If there is none.
    """
    own, _ = split_measure(name)
    return NET_PRESENT_VALUE if own == NET_PRESENT_VALUE.name else MEASURES[own]


def possible_range(measure: str) -> tuple[float, float]:
    """Return the least and the most that the mean of a measure can be, in its unit."""
    return _measure_of(measure).possible_mean

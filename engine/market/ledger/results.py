"""The tables of a run, made from what was written down of its days."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.accounts import Count
from engine.market.ledger.recorder import concentration
from engine.market.state import DailyRecord, State
from engine.market.world import World
from engine.measures.catalogue import DAILY, MEASURES, MONTHLY, OUTCOMES, SEGMENT
from engine.measures.measure import DailyView, MonthlyView, RunView
from engine.population.draws import Floats
from engine.units import FEN_PER_BN_RMB

_Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


class ReportStart(NamedTuple):
    """The morning from which a run is reported, and what anchors had had before it.

    `visits` (int64) by anchor; `month_gmv` (float64, fen) by anchor, of the day's month.
    """

    day: int
    visits: _Ints
    month_gmv: Floats

    @classmethod
    def of(cls, state: State) -> Self:
        """Report from the morning on which `state` stands."""
        day, record = state.day, state.record
        gmv = np.zeros(record.anchor_visits.size)
        if day and len(record.anchor_gmv) > record.month[day - 1]:
            gmv = record.anchor_gmv[record.month[day - 1]].copy()
        return cls(day, record.anchor_visits.copy(), gmv)


class Tables(NamedTuple):
    """What a run leaves.

    `run` the values of `OUTCOMES`; `daily` the columns of `DAILY` and `World.joined_columns`, shape
    (days,); `segments` those of `SEGMENT`, shape (days, kinds, tiers, domains, buyers); `monthly`
    those of `MONTHLY`, shape (months,); `anchors` one value each. See `engine.measures.catalogue`.
    """

    run: dict[str, Any]
    daily: Columns
    monthly: Columns
    segments: Columns
    anchors: Columns

    @classmethod
    def of(cls, world: World, state: State, start: ReportStart) -> Self:
        """The tables of the days from `start` to the last night; money of the real market."""
        reported = slice(start.day, state.day)
        days, anchor_gmv = _days(world, state), _anchor_gmv(state, start)
        daily = {name: column[reported] for name, column in _daily(world, days).items()}
        months = _months(world, state.record, reported, anchor_gmv)
        return cls(
            run=_summary(world, state, days, daily, months),
            daily=daily,
            monthly={name: months[name] for name in MONTHLY},
            segments={
                name: days.ledger[reported][..., account].copy()
                for name, account in SEGMENT.items()
            },
            anchors=_anchor_table(world, state, start, anchor_gmv),
        )


def daily_table(world: World, state: State) -> Columns:
    """The columns of `DAILY` of all days so far, (days,) int64 or float64 each."""
    return _daily(world, _days(world, state))


def _daily(world: World, days: DailyView) -> Columns:
    """The columns of the catalogue, and how many suppliers of each of the scenario's kinds sell."""
    columns = DAILY | dict.fromkeys(world.joined_columns, int)
    return {name: np.array(days[name], kind) for name, kind in columns.items()}


def _days(world: World, state: State) -> DailyView:
    """All days from the first on; money and counts of the real market."""
    record, days, weight = state.record, state.day, world.weight
    return DailyView(
        ledger=record.ledgers[:days] * weight,
        counts=record.counts[:days] * weight,
        sums=record.sums[:days],
        weight=weight,
        is_brand=world.is_brand,
        is_incubated=world.learning.is_incubated,
        year=np.array([world.date_of(day).year for day in range(days)]),
        columns={name: record.values[name][:days] for name in record.value_names},
        measures=MEASURES,
    )


def _anchor_gmv(state: State, start: ReportStart) -> Floats:
    """Expected GMV by reported month and anchor, shape (months, anchors), fen."""
    month = state.record.month
    first, last = month[start.day], month[state.day - 1]
    gmv = state.record.anchor_gmv[first : last + 1]
    if start.day and month[start.day - 1] == first:
        gmv = gmv.copy()
        gmv[0] -= start.month_gmv
    return gmv


def _summary(
    world: World, state: State, days: DailyView, daily: Columns, months: MonthlyView
) -> dict[str, Any]:
    """The outcomes of the reported days, the last of `days`."""
    scenario, begun = world.scenario, world.anchors.arrives < state.day
    gmv, stands_for = months.anchor_gmv.sum(axis=0), world.anchors.stands_for
    run = RunView(
        days=days,
        first=state.day - len(daily["gmv_fen"]),
        daily=daily,
        months=months,
        concentration=concentration((gmv / stands_for)[begun], stands_for[begun]),
        suppliers_count=world.scale.suppliers_count,
        joined_count=sum(int(daily[column][-1]) for column in world.joined_columns),
        goal_fen=round(scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB),
        goal_year=scenario.calendar.origin.year,
    )
    return {name: run[name] for name in OUTCOMES}


def _months(world: World, record: DailyRecord, reported: slice, anchor_gmv: Floats) -> MonthlyView:
    """The calendar months of the reported days."""
    counts = np.zeros((len(anchor_gmv), len(Count)), np.int64)
    month = record.month[reported]
    np.add.at(counts, month - month[0], record.counts[reported] * world.weight)
    return MonthlyView(counts, anchor_gmv, world.anchors.stands_for, MEASURES)


def _anchor_table(
    world: World, state: State, start: ReportStart, anchor_gmv: Floats
) -> dict[str, NDArray[Any]]:
    """One value per row at the end: fans of one of its anchors, the rest of all of them."""
    anchors = world.anchors
    return {
        "anchor": np.arange(anchors.tier.size),
        "tier": anchors.tier.astype(np.int64),
        "category": anchors.category.astype(np.int64),
        "family": anchors.family.astype(np.int64),
        "stands_for_count": anchors.stands_for.astype(np.int64),
        "fans_count": state.anchors.fans.copy(),
        "visits_count": state.record.anchor_visits - start.visits,
        "expected_gmv_fen": anchor_gmv.sum(axis=0),
    }

"""What is drawn or read once, and written by nobody: the world in which policies act.

A `World` is a function of (scenario, scale, world seed) and of what tables give. What changes
from night to night is `engine.market.state.State`; what lives for a day or a slot is
`engine.market.scratch`.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.market.almanac import Almanac
from engine.market.terms import (
    LearningTerms,
    PacingTerms,
    ShowcaseTerms,
    SlotTerms,
    SupplyTerms,
    Tastes,
)
from engine.measures.days import JOINED
from engine.population.anchors import Anchors, draw_anchors, singles
from engine.population.given import NOTHING_GIVEN, Given
from engine.population.suppliers import Goods, Suppliers, draw_goods, draw_suppliers
from engine.spec.jobs import Scale
from engine.spec.mechanisms import switched_scenario
from engine.spec.scenario import Scenario


@dataclass(frozen=True)
class World:
    """Everything that does not change while days pass.

    `weight` people stand behind one simulated buyer. The first `singles_count` rows of anchors
    are single anchors, whose number is their rank. `anchors`, `suppliers` and `goods` hold
    what was drawn of them; `tastes`, `supply`, `selection`, `slots`, `pacing` and `learning` are
    the scenario's numbers as kernels read them; `is_brand` (bool) by kind. `given` is what was not
    drawn but read.
    """

    scenario: Scenario
    scale: Scale
    seed: int
    weight: int
    anchors: Anchors
    singles_count: int
    suppliers: Suppliers
    goods: Goods
    tastes: Tastes
    supply: SupplyTerms
    selection: ShowcaseTerms
    slots: SlotTerms
    pacing: PacingTerms
    learning: LearningTerms
    is_brand: NDArray[np.bool_]
    given: Given = NOTHING_GIVEN

    @cached_property
    def joined_columns(self) -> tuple[str, ...]:
        """Columns of the daily table that say how many suppliers of each kind sell."""
        return tuple(map(JOINED.format, self.scenario.kind_names))

    @cached_property
    def absences(self) -> tuple[tuple[int, int, int | None], ...]:
        """Of each anchor that leaves (M7): its rank, the day it leaves, and the day it is back.

        Of a row of several anchors no one can leave alone.
        """
        return tuple(
            (one.rank, self.day_of(one.leaves), self.day_of(one.returns) if one.returns else None)
            for one in self.scenario.calendar.absences
            if one.rank < self.singles_count
        )

    @cached_property
    def almanac(self) -> Almanac:
        """What the scenario's calendar brings, day by day."""
        return Almanac(self.scenario)

    @cached_property
    def trial_days(self) -> tuple[int, ...]:
        """The days of the trial streams (M15), in their order."""
        return tuple(self.day_of(trial.day) for trial in self.scenario.calendar.trial_streams)

    def date_of(self, day: int) -> date:
        """The date of a day, counted from 0 on the scenario's first day."""
        return self.scenario.calendar.origin + timedelta(days=day)

    def day_of(self, on: date) -> int:
        """The number of the day on a date; 0 is the scenario's first day."""
        return (on - self.scenario.calendar.origin).days

    @property
    def name(self) -> str:
        """A hash of all that the world is made from, but the horizon that is asked for."""
        tree = self.scenario.model_dump(mode="json")
        tree["calendar"] |= {"first_day": str(self.scenario.calendar.origin)}
        for horizon in ("start", "end"):
            del tree["calendar"][horizon]
        made_from = {
            "scenario": tree,
            "scale": self.scale.model_dump(mode="json", exclude={"shards"}),
            "seed": self.seed,
        } | ({"tables": self.given.name} if self.given.name else {})
        return hashlib.blake2b(
            json.dumps(made_from, sort_keys=True).encode(), digest_size=16
        ).hexdigest()


def open_world(scenario: Scenario, scale: Scale, seed: int, given: Given = NOTHING_GIVEN) -> World:
    """Draw the world of a scenario, but for what is `given`, of as many rows as `scale` counts.

    Mechanisms that are switched off in `scenario.mechanisms` are neutral in the world.

    Raises
    ------
    InputError
        If more buyers are to be simulated than the pool has people.
    """
    scenario = switched_scenario(scenario)
    suppliers = draw_suppliers(scenario, scale.suppliers_count, seed, given.suppliers)
    anchors = draw_anchors(scenario, scale.anchors_count, suppliers.kind, seed, given.anchors)
    weight = _weight(scenario, scale)
    return World(
        scenario=scenario,
        scale=scale,
        seed=seed,
        weight=weight,
        anchors=anchors,
        singles_count=singles(anchors.stands_for),
        suppliers=suppliers,
        goods=draw_goods(scenario, suppliers, scale.showcase_count, seed, given.goods),
        tastes=Tastes.of(scenario),
        supply=SupplyTerms.of(scenario),
        selection=ShowcaseTerms.of(scenario),
        slots=SlotTerms.of(scenario),
        pacing=PacingTerms.of(scenario),
        learning=LearningTerms.of(scenario, scale, weight),
        is_brand=np.array(scenario.kinds_that("is_brand")),
        given=given,
    )


def _weight(scenario: Scenario, scale: Scale) -> int:
    """People that one simulated buyer stands for."""
    pool, count = scenario.platform.pool_count, scale.buyers_count
    if count > pool:
        raise InputError(
            "scale.buyers_count",
            f"{count} simulated buyers, but the pool has {pool} people",
            f"1 to {pool}",
            "lower scale.buyers_count or raise scenario.platform.pool_count",
        )
    return pool // count

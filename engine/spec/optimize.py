"""The main job: what is searched, from which day on, and what is asked of what is found."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from engine.measures.run_off import NET_PRESENT_VALUE
from engine.spec.accuracy import Accuracy
from engine.spec.base import MOST_BN, Share
from engine.spec.jobs import Job
from engine.spec.policy import Policy
from engine.spec.run_off import WithRunOff
from engine.spec.search import Objective, Search
from engine.spec.space import Space

_FAR: Final = 3
"""Goals above which a target is of another market, or a slip."""


class OptimizeJob(Job, WithRunOff):
    """The main job: search, re-evaluate what survives, and price the targets."""

    without_effect: ClassVar[dict[str, Any]] = Job.without_effect | {
        "replications": True,
        "today": True,
        "reach_probability": True,
        "targets_bn_rmb": True,
        "value_of_gmv": True,
        "warm_start": True,
        "storage": True,
        "attribution_replications": True,
        "actuals": True,
        "accuracy": True,
        "run_off": True,
        "discount_per_year": True,
        "search": {
            "trials_count",
            "polish_count",
            "finalists_count",
            "first_replications",
            "final_replications",
            "attribution_worlds_count",
        },
        "objective": {"feasible_probability"},
    }
    """Keys on which no trial depends: a finished search can be extended.

    Trials that aim at targets depend on some of them, and are known by their points; so are the
    policies of an earlier search, whatever its folder is called.
    """

    policy: Policy
    baselines: dict[str, Policy]
    today: str | None = Field(
        None,
        description="baseline that is carried on if nothing is decided: then targets get a price",
    )
    reach_probability: Share = Field(0.8, gt=0, description="with which a target is to be reached")
    targets_bn_rmb: tuple[Annotated[float, Field(gt=0, le=MOST_BN)], ...] | None = Field(
        None, min_length=1, description="whose price is asked [bn RMB]; none: by what is reached"
    )
    warm_start: str | None = Field(
        None,
        description="output folder of an earlier search, whose best policies are tried first and "
        "stay to the end; none: nothing is known",
    )
    storage: str | None = Field(
        None,
        description="database in which several drivers of this job share its search, each trial "
        "simulated by one: sqlite:///FILE, postgresql://USER@HOST/DATABASE; none: this one alone",
    )
    value_of_gmv: float = Field(
        0.0,
        ge=0,
        le=10,
        description="what GMV as paid is worth beyond its contribution [RMB per RMB]",
    )
    attribution_replications: int = Field(
        2,
        ge=2,
        le=10_000,
        description="of each world and lever that the recommended policy moves, and of what it "
        "leaves behind [runs]",
    )
    actuals: str | None = Field(
        None,
        min_length=1,
        description="what is known by the decision, which weighs the worlds of the answer: a "
        "table of `conf/observed`, or a path; none: all weigh the same",
    )
    accuracy: Accuracy | None = Field(None, description="by which misses of actuals are measured")
    space: Space
    objective: Objective
    search: Search

    @model_validator(mode="after")
    def _known_today(self) -> Self:
        if self.today is not None and self.today not in self.baselines:
            known = ", ".join(self.baselines)
            raise ValueError(f"today {self.today!r} is not among the baselines; {known}")
        if self.today is None and self.run_off:
            raise ValueError(
                "run_off asks what is left after the year, but today names no policy that follows "
                "it; a baseline; name one, today=..., or leave run_off out"
            )
        return self

    @model_validator(mode="after")
    def _actuals_of_a_past(self) -> Self:
        needed = ("today", "history", "decision_date", "accuracy")
        missing = [name for name in needed if getattr(self, name) is None]
        if self.actuals is not None and missing:
            raise ValueError(
                f"actuals={self.actuals} weighs worlds by their past until a decision, but "
                f"{', '.join(missing)} is not given; actuals with {', '.join(needed)}, as in "
                "question=june_2020; set actuals=null to weigh all worlds the same"
            )
        return self

    @model_validator(mode="after")
    def _valued_days(self) -> Self:
        end = self.scenario.calendar.end
        if self.value_of_gmv and self.today and end.year > self.target_year:
            raise ValueError(
                f"value_of_gmv={self.value_of_gmv:g} is of GMV until {self.target_year} ends, "
                f"but days to {end} cost too; a horizon that ends with the year of the targets; "
                f"write scenario.calendar.end={self.target_year}-12-31, where run_off and "
                "objective.horizon_days say what comes after, or leave value_of_gmv at 0"
            )
        return self

    def target_notes(self) -> Iterator[str]:
        """Say which targets are of another size than the market."""
        goal = self.scenario.platform.goal_bn_rmb
        far = [target for target in self.targets_bn_rmb or () if goal and target > _FAR * goal]
        if far:
            asked = ", ".join(f"{target:g}" for target in far)
            yield (
                f"targets_bn_rmb asks for {asked} bn RMB, more than {_FAR} times the goal of the "
                f"year, {goal:g} bn RMB: expect that no policy reaches it"
            )

    @property
    def target_year(self) -> int:
        """Return the calendar year whose targets have a price: that of the decision."""
        calendar = self.scenario.calendar
        return (self.decision_date or calendar.start).year

    @property
    def reached_measure(self) -> str:
        """Return the measure that targets are levels of: GMV as paid by the end of their year."""
        calendar = self.scenario.calendar
        if calendar.start == date(self.target_year, 1, 1) and calendar.end.year == self.target_year:
            return "gmv_paid_fen"
        return f"gmv_paid_cumulative_fen@{self.target_year}"

    def all_policies(self) -> dict[str, Policy]:
        """Return the base policy and the baselines."""
        baselines = {f"baselines.{name}": policy for name, policy in self.baselines.items()}
        return {"policy": self.policy} | baselines

    def all_spaces(self) -> dict[str, Space]:
        """Return what is searched."""
        return {"space": self.space}

    def identity(self) -> str:
        """Name all that the trials depend on: of a present value also its discount and today."""
        own = super().identity()
        if NET_PRESENT_VALUE.name not in self.objective.measures:
            return own
        parts = f"{own} {self.today} {self.discount_per_year}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

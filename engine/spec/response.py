"""What a user asks of a response: which levers are swept, over which values, with what run-off."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.spec.base import quantity
from engine.spec.calendar import LONGEST_HISTORY_DAYS
from engine.spec.jobs import Job
from engine.spec.policy import Policy


class ResponseJob(Job):
    """Each lever swept alone around a base policy."""

    without_effect: ClassVar[dict[str, Any]] = Job.without_effect | {
        "replications": True,
        "levers": True,
        "range": True,
        "points_count": True,
        "measures": True,
    }
    """Keys on which no single run depends: a finished sweep can be extended."""

    policy: Policy
    levers: tuple[str, ...] | None = Field(
        min_length=1, description="swept levers and groups of levers; none: all, in groups"
    )
    range: Literal["search", "full"] = Field(description="the declared search range, or all")
    points_count: int = quantity("values", "over the range of a lever", ge=2, le=1000)
    run_off_days: int = quantity("days", "after the horizon, under the base policy", ge=0, le=1096)
    measures: tuple[str, ...]

    @model_validator(mode="after")
    def _within_reach(self) -> Self:
        calendar = self.scenario.calendar
        left = LONGEST_HISTORY_DAYS - 1 - (calendar.end - calendar.origin).days
        if self.run_off_days > left:
            raise ValueError(
                f"run_off_days={self.run_off_days} ends more than ten years after the scenario's "
                f"first day; at most {left} days; set run_off_days={left}"
            )
        return self

    def all_policies(self) -> dict[str, Policy]:
        """Return the policy around which the levers move."""
        return {"policy": self.policy}

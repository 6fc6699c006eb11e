"""What a job asks about the days after its horizon: how many, and what their money counts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from engine.spec.base import Spec
from engine.spec.calendar import LONGEST_HISTORY_DAYS, Calendar
from engine.spec.scenario import Scenario


def days_left(calendar: Calendar) -> int:
    """Return the most days that may follow a horizon."""
    return LONGEST_HISTORY_DAYS - 1 - (calendar.end - calendar.origin).days


class WithRunOff(Spec):
    """A job that may tell values at several lengths of run-off; empty is none."""

    scenario: Scenario
    run_off: tuple[Annotated[int, Field(ge=0, le=1096)], ...] = Field(
        (), description="days after the horizon, under the baseline, at which values are given"
    )
    discount_per_year: float = Field(
        0.1, ge=0, le=1, description="by how much less a RMB counts that comes a year later [share]"
    )

    @model_validator(mode="after")
    def _within_reach(self) -> Self:
        left = days_left(self.scenario.calendar)
        if self.run_off and max(self.run_off) > left:
            raise ValueError(
                f"run_off reaches {max(self.run_off)} days beyond the horizon, more than ten years "
                f"after the scenario's first day; at most {left} days; set run_off=[{left}]"
            )
        return self

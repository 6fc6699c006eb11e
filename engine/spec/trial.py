"""What a user asks of a trial: which policy is tried, against which, when, and for how long."""

from datetime import date, timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from engine.measures import catalogue
from engine.spec.base import quantity
from engine.spec.jobs import Job
from engine.spec.policy import Policy


class TrialJob(Job):
    """A test of a policy inside the market, and what it would say of the policy's true effect."""

    without_effect: ClassVar[dict[str, Any]] = Job.without_effect | {
        "measures": True,
        "washout_days": True,
        "draws_count": True,
    }
    """Keys on which no single run depends."""

    policy: Policy
    control: Policy
    start: date = Field(description="first day of the test")
    days: int = quantity("days", "of the test", ge=4, le=366)
    period_days: int = quantity("days", "of a switchback's period", ge=1, le=92)
    washout_days: int = quantity("days", "of each period that are not counted", ge=0, le=91)
    draws_count: int = quantity("draws", "of which markets try the policy", ge=1, le=100_000)
    measures: tuple[str, ...] = Field(min_length=1, description="columns of daily")

    @property
    def end(self) -> date:
        """The first day after the test."""
        return self.start + timedelta(days=self.days)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        calendar = self.scenario.calendar
        room = f"{calendar.start} to {calendar.end}"
        if not (calendar.start <= self.start and self.end <= calendar.end + timedelta(days=1)):
            raise ValueError(
                f"start={self.start}: {self.days} days from then on do not lie within the horizon; "
                f"{room}; move start, or shorten days"
            )
        if (self.start - calendar.start).days < self.days:
            raise ValueError(
                f"start={self.start} leaves fewer than days={self.days} days before the test to "
                f"compare with; from {calendar.start + timedelta(days=self.days)} on; begin later, "
                "or shorten days"
            )
        pair = 2 * self.period_days
        if self.days % pair or self.days < 2 * pair:
            raise ValueError(
                f"days={self.days} are no pairs of periods of {self.period_days} days; a multiple "
                f"of {pair}, {2 * pair} or more; set days={max(2, round(self.days / pair)) * pair}"
            )
        if self.washout_days >= self.period_days:
            raise ValueError(
                f"washout_days={self.washout_days} leave nothing of a period of "
                f"{self.period_days} days; fewer than that; lower them"
            )
        return self

    @model_validator(mode="after")
    def _known_measures(self) -> Self:
        for measure in self.measures:
            if measure not in catalogue.FLOWS:
                raise ValueError(
                    f"measures: {measure!r} is no amount of a day; "
                    f"{', '.join(sorted(catalogue.FLOWS))}; take one of them"
                )
        return self

    def all_policies(self) -> dict[str, Policy]:
        """Return the policy that is tried and the one in force beside it."""
        return {"policy": self.policy, "control": self.control}

"""What happens when: days, slots, seasons, festivals, exits, guests, the rival's campaigns."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from engine.spec.base import Positive, Spec, quantity


class Festival(Spec):
    """A sales festival of the platform: more traffic, more attention, more coupon."""

    name: str
    start: date
    end: date
    traffic: float = quantity("factor", "visits on its days", gt=0, le=10)
    attention: float = quantity("factor", "serious looks on its days", gt=0, le=5)
    plan: bool = Field(description="whether the brand plan may choose it for its price cap")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"festival {self.name!r} ends before it starts")
        return self


class Absence(Spec):
    """An anchor leaves and may come back (M7)."""

    rank: int = quantity("rank by fans, 0 the largest", "who leaves", ge=0)
    leaves: date
    returns: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.returns is not None and self.returns <= self.leaves:
            raise ValueError("an anchor returns after it leaves; give a later `returns`")
        return self


class TrialStream(Spec):
    """One big stream of a guest anchor that shows what this audience buys (M15)."""

    name: str
    day: date
    kind: Literal["source", "platform_brand", "domestic", "multinational", "partner"]
    category: Literal["apparel", "food", "beauty", "household", "appliances", "phones"]
    traffic_share: float = quantity("share of the day's public visits", "audience", gt=0, lt=1)
    price_rmb: float = quantity("RMB", "price elsewhere of its goods, mean", gt=0)
    cost_share: float = quantity("share of the price elsewhere", "unit cost", gt=0, lt=1)
    attention: float = quantity("factor", "serious looks on the stream", gt=0, le=10)
    forecast_rmb: float = quantity("RMB", "sales the platform forecast", gt=0)


class Campaign(Spec):
    """A campaign of the rival that pulls buyers to the outside option (M22)."""

    name: str
    start: date
    end: date
    pull: float = quantity("utility", "added to the outside option", ge=-5, le=5)


class Calendar(Spec):
    """Days, slots, seasons and dated events."""

    first_day: date | None = Field(
        None, description="the scenario's first day, whose market is drawn; none: start"
    )
    start: date = Field(description="first day of the horizon: earlier ones are not reported")
    end: date = Field(description="last day of the horizon")
    slot_share: tuple[Positive, ...] = Field(min_length=1, max_length=4)
    demand_season: tuple[Positive, ...] = Field(min_length=12, max_length=12)
    festivals: tuple[Festival, ...] = ()
    absences: tuple[Absence, ...] = ()
    trial_streams: tuple[TrialStream, ...] = ()
    rival_campaigns: tuple[Campaign, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("end lies before start; give an end on or after the start")
        if self.start < self.origin:
            raise ValueError(
                f"start {self.start} lies before first_day {self.origin}, on which the scenario "
                "begins; give a start on or after it, or an earlier first_day"
            )
        if (self.end - self.start).days > 450:  # a buyer's last month is kept modulo 15
            raise ValueError("the horizon is longer than 450 days; give an earlier end")
        if abs(sum(self.slot_share) - 1) > 1e-6:
            raise ValueError("slot_share must add up to 1")
        return self

    @property
    def origin(self) -> date:
        """The scenario's first day: day 0 of all day numbers."""
        return self.first_day or self.start

    @property
    def n_days(self) -> int:
        """Days of the horizon, both ends included."""
        return (self.end - self.start).days + 1

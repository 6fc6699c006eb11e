"""What a user asks of a calibration: which numbers are unknown, and how they are looked for."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from engine.spec.accuracy import Accuracy
from engine.spec.base import Spec, quantity
from engine.spec.jobs import CompareJob
from engine.spec.policy import Policy
from engine.spec.space import LeverRange, leaves


class Unknowns(Spec):
    """Numbers of the scenario that are not known, each with the range that is thought possible.

    A path leads into the scenario, e.g. `choice.outside`; a number in it is a place in a
    list. One that leads to a group of numbers gives all of them the same value.
    """

    name: str
    ranges: dict[str, LeverRange] = Field(min_length=1)

    @field_validator("ranges", mode="before")
    @classmethod
    def _flat(cls, raw: Any) -> Any:
        """Ranges come as a tree like the scenario's."""
        return dict(leaves(raw)) if isinstance(raw, Mapping) else raw


class _Wave(NamedTuple):
    """Points that one wave simulates, and the emulated miss that they are within."""

    points_count: int
    cutoff: float


class _Refinement(Spec):
    """Later waves, of fewer points closer to the figures."""

    waves_count: int = quantity("waves", "after the others", ge=0, le=20)
    points_count: int = quantity("points", "simulated in each of them", ge=4, le=100_000)
    cutoff: float = quantity(
        "standard deviations", "of an emulated miss, for their points", gt=0, le=1000
    )


class _Fit(Accuracy):
    """Size and rules of the search for plausible worlds."""

    waves_count: int = quantity("waves", "of points, each where the last left room", ge=1, le=20)
    points_count: int = quantity("points", "simulated in each wave", ge=4, le=100_000)
    refinement: _Refinement
    confirmed_count: int = quantity(
        "points", "run again on fresh seeds, the best ones", ge=1, le=100_000
    )
    confirmed_replications: int = quantity("runs", "of each of those", ge=2, le=10_000)
    cutoff: float = quantity(
        "standard deviations", "of a miss that rules a point out", gt=0, le=1000
    )
    ensemble_count: int = quantity("worlds", "of the ensemble, at most", ge=1, le=1000)
    answer_replications: int = quantity(
        "runs", "of each compared policy in each world of the ensemble", ge=2, le=10_000
    )

    @property
    def waves(self) -> tuple[_Wave, ...]:
        """The waves in their order, those that refine last."""
        late = _Wave(self.refinement.points_count, self.refinement.cutoff)
        early = _Wave(self.points_count, self.cutoff)
        return (early,) * self.waves_count + (late,) * self.refinement.waves_count

    def most_runs(self, replications: int) -> int:
        """Return how many runs one stage simulates at most: a wave, or the best again."""
        points = [wave.points_count for wave in self.waves]
        confirmed = min(self.confirmed_count, sum(points))
        return max(max(points) * replications, confirmed * self.confirmed_replications)


class Probes(Spec):
    """Experiments that each simulated run is read by: coupons given in copies of its market."""

    dates: tuple[date, ...] = Field(description="mornings on which experiments begin; none: none")
    voucher_date: date | None = Field(
        description="when the vouchers of voucher_spending were given"
    )
    rate: float = quantity("share of price", "of the coupon on everything", gt=0, le=0.9)
    own_rate: float = quantity("share of price", "of the coupon on one kind", gt=0, le=0.9)
    coupon_days: int = quantity("days", "for which a coupon is given", ge=1, le=366)
    after_days: int = quantity("days", "after a coupon on everything, watched too", ge=1, le=366)

    @property
    def market_dates(self) -> tuple[date, ...]:
        """Mornings on which a coupon on everything begins, in order."""
        own = () if self.voucher_date is None else (self.voucher_date,)
        return tuple(sorted({*self.dates, *own}))

    @property
    def days_count(self) -> int:
        """Days that all experiments of a run take together."""
        long = 2 * len(self.market_dates) * (self.coupon_days + self.after_days)
        return long + len(self.dates) * self.coupon_days


NO_PROBES: Final = Probes(
    dates=(), voucher_date=None, rate=0.1, own_rate=0.1, coupon_days=1, after_days=1
)
"""A run without experiments."""


class CalibrateJob(CompareJob):
    """Fits the scenario's unknowns to observed figures, then compares policies in what is left."""

    policy: Policy
    figures: str = Field(min_length=1, description="a table of `conf/observed`, or a path")
    seasons: str = Field(min_length=1, description="a table of a year's seasons, or a path")
    unknowns: Unknowns
    fit: _Fit
    probes: Probes

    @model_validator(mode="after")
    def _one_world(self) -> Self:
        if list(self.ensemble.worlds.values()) != [{}]:
            raise ValueError(
                "ensemble has worlds of its own, but a calibration makes an ensemble"
                " and takes none; ensemble=single; leave ensemble out"
            )
        return self

    def all_policies(self) -> dict[str, Policy]:
        """Return the policy under which the observed year went by, and the compared ones."""
        return {"policy": self.policy} | super().all_policies()

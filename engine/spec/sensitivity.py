"""What a user asks of a sensitivity analysis."""

from typing import Literal, Self

from pydantic import Field, model_validator

from engine.spec.base import Share, Spec, quantity
from engine.spec.calibration import Unknowns
from engine.spec.jobs import Job
from engine.spec.policy import Policy
from engine.spec.space import Space


class _Indices(Spec):
    """Size of the design behind the indices: (factors + 2) x `base_points_count` points."""

    base_points_count: int = quantity("points", "a power of two", ge=2, le=1_000_000)
    resamples_count: int = quantity("resamples", "of the bootstrap intervals", ge=10, le=100_000)
    population_share: Share = Field(gt=0, description="share of the buyers in a simulated run")

    @model_validator(mode="after")
    def _power_of_two(self) -> Self:
        count = self.base_points_count
        if count & (count - 1):
            nearest = 2 ** round(count.bit_length() - 0.5)
            raise ValueError(
                f"base_points_count={count} is no power of two, and a Sobol sequence covers"
                f" evenly at powers of two only; 4, 8, 16, …; base_points_count={nearest}"
            )
        return self


class SensitivityJob(Job):
    """What moves the measures: levers of a policy, and unknowns of the world."""

    policy: Policy
    of: Literal["levers", "unknowns", "both"]
    space: Space
    unknowns: Unknowns
    measures: tuple[str, ...] = Field(min_length=1)
    indices: _Indices
    study: str | None = Field(description="folder of a finished search to read instead")

    @model_validator(mode="after")
    def _one_world(self) -> Self:
        if self.study is None and self.of != "levers" and len(self.ensemble.worlds) > 1:
            raise ValueError(
                "ensemble has several worlds, but the unknowns make worlds of their own;"
                " ensemble=single; leave ensemble out, or take of=levers"
            )
        return self

    def all_policies(self) -> dict[str, Policy]:
        """Return the policy around which the levers move."""
        return {"policy": self.policy}

    def all_spaces(self) -> dict[str, Space]:
        """Return the space whose levers move, if they do."""
        moves = self.study is None and self.of != "unknowns"
        return {"space": self.space} if moves else {}

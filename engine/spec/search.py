"""How a policy is searched: goals and constraints, rungs, sampler and budget."""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from engine.measures.periods import split_measure
from engine.spec.base import Share, Spec, quantity

_Limit = Annotated[float, Field(ge=-9e18, le=9e18)]

_SMALLEST_FEN: Final = 100.0
"""An amount of money below one RMB that is not 0 is hardly what was meant."""

_UNITS: Final[dict[str, dict[str, str]]] = {
    "_fen": {"RMB": "1e2", "million RMB": "1e8", "bn RMB": "1e11"},
    "_share": {"%": "0.01"},
    "_attained": {"%": "0.01"},
    "_count": {"thousand": "1e3", "million": "1e6", "bn": "1e9"},
}
"""By suffix of the measure's name, units with their size in the measure's own unit."""
_LIMIT: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


class _Goal(Spec):
    """One objective: a measure of a run, as a whole or over a period, or its present value.

    A column of `runs`, as `cost_fen` (minus the contribution); an amount that adds up over days
    with a period, as `gmv_paid_fen@2020-H2`; or `net_present_value_fen`.
    """

    measure: str
    direction: Literal["maximize", "minimize"]


class Constraint(Spec):
    """The mean of a measure over replications and worlds must lie within limits.

    Measures are those of goals. A limit is a number in the measure's own unit, fen or a share of
    one, or is written with a unit, as `5 bn RMB` or `0.3 %` (`engine.spec.words`).
    """

    measure: str
    at_least: _Limit | None = None
    at_most: _Limit | None = None

    @field_validator("at_least", "at_most", mode="before")
    @classmethod
    def _with_unit(cls, written: Any, info: ValidationInfo) -> Any:
        measure = info.data.get("measure", "")
        return _limit_of(written, measure) if isinstance(written, str) else written

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(
                "a constraint needs a limit; at_least, at_most or both; "
                "add one: +{where}.at_least=... or +{where}.at_most=..."
            )
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError(
                "at_least lies above at_most: no policy can satisfy both; at_least below at_most"
            )
        return self


def _limit_of(written: str, measure: str) -> float:
    """Return a limit in the measure's own unit: `5 bn RMB` of an amount is 5e11 fen.

    Raises
    ------
    ValueError
        If it is no number with a unit of the measure.
    """
    found = _LIMIT.fullmatch(written)
    units = _units(measure)
    if found is None:
        raise ValueError(f"no number{f' with a unit: {_listed(units)}' if units else ''}")
    number, unit = Decimal(found[1]), " ".join(found[2].split())
    if not unit:
        return float(number)
    if unit not in units:
        known = f"write {_listed(units)}, or leave it out" if units else "it has none"
        raise ValueError(f"{unit!r} is no unit of {measure}; {known}")
    return float(number * Decimal(units[unit]))


def _units(measure: str) -> dict[str, str]:
    name = split_measure(measure)[0]
    return next((units for end, units in _UNITS.items() if name.endswith(end)), {})


def _listed(units: dict[str, str]) -> str:
    *others, last = units
    return f"{', '.join(others)} or {last}" if others else last


RiskKind = Literal["mean", "cvar", "worst_world", "regret"]


class Objective(Spec):
    """What the search wants, of which part of the runs, and what it must respect."""

    name: str
    goals: tuple[_Goal, ...] = Field(min_length=1, max_length=4)
    constraints: dict[str, Constraint] = Field(default_factory=dict)
    risk: RiskKind = Field("mean", description="what of the runs a goal counts")
    cvar_share: Share = Field(0.2, gt=0, description="share of the runs, the worst, in cvar")
    constraints_in: Literal["mean", "every_world"] = "mean"
    feasible_probability: Share = Field(
        0.95, lt=1, description="P(all constraints hold) that a recommended policy needs"
    )
    horizon_days: int = Field(
        0,
        ge=0,
        le=1096,
        description="after the horizon, under today's policy, that the present value counts [days]",
    )

    @property
    def measures(self) -> tuple[str, ...]:
        """What goals and constraints name, each once, goals first."""
        named = [goal.measure for goal in self.goals]
        named += [constraint.measure for constraint in self.constraints.values()]
        return tuple(dict.fromkeys(named))

    def limit_notes(self) -> Iterator[str]:
        """Yield which limits on money are so small that a unit seems to be missing."""
        for name, own in self.constraints.items():
            for side in ("at_least", "at_most"):
                where = f"objective.constraints.{name}.{side}"
                if note := _small_limit_note(where, own.measure, getattr(own, side)):
                    yield note


class Rung(Spec):
    """How closely a policy is looked at: a sample of the buyers, some worlds, a number of runs."""

    population_share: Share = Field(gt=0, description="share of the scale's buyers")
    replications: int = quantity("runs", "of each policy and world", ge=1, le=10_000)
    worlds_count: int | None = Field(
        None, ge=1, le=100_000, description="the first of the ensemble, at most; none: all [worlds]"
    )

    anchors_share: Share = Field(
        1.0, gt=0, description="share of the scale's rows of anchors and of its suppliers"
    )

    def is_above(self, below: "Rung") -> bool:
        """Return whether it looks more closely: at more buyers, or at as many and more else."""
        if self.population_share != below.population_share:
            return self.population_share > below.population_share
        own, lower = (
            (
                one.replications,
                math.inf if one.worlds_count is None else one.worlds_count,
                one.anchors_share,
            )
            for one in (self, below)
        )
        return own != lower and all(a >= b for a, b in zip(own, lower, strict=True))


class Search(Spec):
    """Sampler and budget of a search."""

    name: str
    sampler: Literal["tpe", "nsga2", "nsga3", "cmaes", "qmc", "gp", "gp_torch", "random"]
    trials_count: int = quantity("policies", "tried, baselines included", ge=1, le=1_000_000)
    polish_count: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="further ones around the cheapest of each target, where targets get a price "
        "[policies]",
    )
    batch_count: int = quantity(
        "policies", "that climb together; fixes the results", ge=1, le=10_000
    )
    window_count: int = quantity(
        "policies", "under way at once, at most; fixes the results", ge=1, le=100_000
    )
    lane_count: int = Field(
        8,
        ge=1,
        le=10_000,
        description="of a batch that one worker proposes, blind to the others of it; fixes the "
        "results [policies]",
    )
    startup_count: int = quantity("policies", "random ones before the sampler", ge=1, le=100_000)
    rungs: tuple[Rung, ...] = Field(min_length=1, max_length=8, description="cheapest first")
    reduction: float = quantity("ratio", "policies on a rung to those that go up", ge=1, le=100)
    trusted_correlation: float = Field(
        ge=-1, le=1, description="rank correlation with the top, without noise, that a rung needs"
    )
    finalists_count: int = quantity("policies", "re-evaluated on fresh seeds", ge=1, le=1000)
    first_replications: int = quantity("runs", "of every finalist and world", ge=2, le=10_000)
    final_replications: int = quantity("runs", "of those that stay to the end", ge=2, le=10_000)

    attribution_worlds_count: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="that weigh most, in which effects of levers are simulated; none: all [worlds]",
    )

    @model_validator(mode="after")
    def _batch_in_window(self) -> Self:
        if self.window_count < self.batch_count:
            raise ValueError(
                f"window_count={self.window_count} holds no batch of batch_count="
                f"{self.batch_count}; at least {self.batch_count}; raise {{where}}.window_count"
            )
        return self

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not all(above.is_above(below) for below, above in pairwise(self.rungs)):
            raise ValueError(
                "rungs do not rise; each with more buyers than the one below, or as many "
                "buyers and more replications, worlds or anchors; order {where}.rungs from the "
                "cheapest up"
            )
        return self


def _small_limit_note(where: str, measure: str, limit: float | None) -> str | None:
    """Say what an amount of money below one RMB is, and how a large one is written."""
    is_money = split_measure(measure)[0].endswith("_fen")
    if not is_money or limit is None or not 0 < abs(limit) < _SMALLEST_FEN:
        return None
    return f"{where} is {limit:g} fen; for {limit:g} bn RMB write '{limit:g} bn RMB'"

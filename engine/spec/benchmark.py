"""What a user asks of a benchmark: suites, sizes, and the efforts that are laid out."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.spec.base import Spec, quantity
from engine.spec.jobs import Job, Scale
from engine.spec.policy import Policy
from engine.spec.search import Objective, Search
from engine.spec.space import Space

_Rising = Annotated[tuple[Annotated[int, Field(ge=1, le=1_000_000_000)], ...], Field(min_length=2)]
_Counts = Annotated[tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=1)]


_ProblemName = Literal["budget_split", "coupon_knapsack", "two_sided", "zdt1", "zdt2", "market"]


class Schedule(Spec):
    """A search that is only laid out: how long it takes on so many workers."""

    replications: int = quantity(
        "runs", "of each trial and world on the top rung", ge=1, le=100_000
    )
    scale: Scale
    search: Search


class _Projection(Spec):
    """A market on a machine that is not here, by the model of suite `shards`."""

    workers_count: int = quantity("cores", "each with a shard", ge=2, le=1_000_000)
    buyers_count: int = quantity("buyers", "simulated", ge=1, le=1_000_000_000_000)


class BenchmarkJob(Job):
    """What one policy's market costs, at several sizes, or beside other tools.

    Suite `search` is about the search instead: it moves `space` around the policy `searched`.
    """

    policy: Policy
    suite: Literal[
        "kernel", "peers", "one_to_one", "shards", "search", "schedule", "branches", "variance"
    ]
    against: str | None = Field(description="another checkout that `kernel` is measured beside")
    variance_runs: int = quantity(
        "runs", "of each policy and population of `variance`", ge=4, le=1000
    )
    runs: int = quantity("runs", "of everything, in turn", ge=1, le=100)
    days: int | None = quantity(
        "days", "of the year that are simulated; none: by suite", ge=1, le=1096
    )
    populations: _Rising = Field(description="simulated buyers of `kernel` and `peers`")
    population: int | None = quantity(
        "people", "of `one_to_one`; none: the pool", ge=1, le=2_000_000_000
    )
    sharded_population: int = quantity("buyers", "simulated, of `shards`", ge=1, le=1_000_000_000)
    shard_counts: _Counts = Field(description="shards of one market in `shards`")
    projections: tuple[_Projection, ...] = Field(description="larger machines, in `shards`")
    network_gbit: float = quantity("Gbit/s", "of a node there, assumed", gt=0, le=10_000)
    anchors: Annotated[
        tuple[Annotated[int, Field(ge=1, le=100_000)], ...], Field(min_length=1, max_length=100)
    ]
    thread_counts: _Counts = Field(description="threads of one market in `kernel`")
    process_counts: _Counts = Field(description="markets at once in `kernel`")
    cold_start: bool = Field(description="whether `kernel` also starts with an empty cache")
    problems: tuple[_ProblemName, ...] = Field(min_length=1, description="what `search` searches")
    seeds_count: int = quantity("seeds", "of every problem of `search`", ge=1, le=1000)
    plain_trials_count: int = quantity("policies", "of plain samplers", ge=1, le=100_000)
    plain_replications: int = quantity("runs", "of each of them", ge=1, le=1000)
    truth_replications: int = quantity("runs", "that judge a policy of the market", ge=2, le=10_000)
    market: Scale = Field(description="size of the market in `search`")
    schedules: dict[str, Schedule] = Field(description="efforts that `schedule` lays out")
    searched: Policy = Field(description="where its levers stay that are not searched")
    space: Space
    objective: Objective
    search: Search

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.populations) != sorted(set(self.populations)):
            raise ValueError(
                "populations do not rise; each larger than the one before; "
                "order them: {where}populations=[2000,20000]"
            )
        return self

    @model_validator(mode="after")
    def _days_of_the_year(self) -> Self:
        days = self.scenario.calendar.n_days
        if self.days is not None and self.days > days:
            raise ValueError(f"days={self.days}, but the year has {days}; at most {days}")
        return self

    def all_policies(self) -> dict[str, Policy]:
        """Return the policy that is measured, unless a search is, and the one searched around."""
        searched = {"searched": self.searched}
        return searched if self.suite == "search" else {"policy": self.policy} | searched

    def all_spaces(self) -> dict[str, Space]:
        """Return what is searched."""
        return {"space": self.space} if self.suite == "search" else {}

    def largest_population(self) -> int:
        """Return the most buyers that are simulated at once in one market."""
        if self.suite == "one_to_one":
            return self.population or self.scenario.platform.pool_count
        if self.suite == "shards":
            return self.sharded_population
        if self.suite == "search":
            return self.market.buyers_count
        return max(self.populations)

"""What goes into one simulated run and what comes out: plain data, cheap to send."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec.jobs import Scale
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.tables import NO_TABLES, OwnTables


@dataclass(frozen=True)
class Branch:
    """Days that go another way beside those of a case: one arm of an experiment.

    On the morning of `start` the market is copied, and the copy goes on for `days` days under
    `policy`, whose purse and target open anew; with `holds_prices` sellers do not re-price.
    Random numbers are those of the case, so that two arms share them.
    """

    name: str
    start: date
    days: int
    policy: Policy
    holds_prices: bool = False


@dataclass(frozen=True)
class Case:
    """One run to simulate, and the labels its rows will carry.

    The scenario is simulated from its first day; the days of its horizon are reported. Until the
    morning of `decision_date`, or else of the horizon's first day, `history` is in force, where
    one is given; then `policy` begins a term of its own, with a purse and a target path from that
    day on. After the horizon the market goes on for `run_off_days`, under `after` or else under
    `policy`: what the horizon left behind, of which only sums are kept. `after` begins a term of
    its own.

    What `tables` give of the world is read in place of being drawn.

    Two cases with equal `scenario`, `policy`, `history`, `decision_date`, `scale`, `tables`,
    `world_seed` and `run_seed` give the same bits, whatever `threads`, whatever comes after the
    horizon, and whatever `branches`, which start on days of the horizon from the decision on.
    """

    scenario: Scenario
    policy: Policy
    scale: Scale
    world_seed: int
    run_seed: int
    trial: int = -1
    world: str = "as_is"
    replication: int = 0
    threads: int = 1
    history: Policy | None = None
    after: Policy | None = None
    run_off_days: int = 0
    branches: tuple[Branch, ...] = ()
    decision_date: date | None = None
    tables: OwnTables = NO_TABLES

    @property
    def decided_on(self) -> date:
        """The morning from which `policy` is in force where there was a history."""
        return self.decision_date or self.scenario.calendar.start

    @property
    def is_fused(self) -> bool:
        """Whether one thread simulates it, by the fused kernels of `engine.market.fused`.

        Where `scale.shards` is `auto` it is not sharded; who shards it says on how many.
        """
        return self.threads == 1 and self.scale.shards in {1, "auto"}

    def labels(self) -> dict[str, Any]:
        """The values of `catalogue.KEYS`."""
        return {
            "policy": self.policy.name,
            "trial": self.trial,
            "world": self.world,
            "replication": self.replication,
            "seed": self.run_seed,
            "population": self.world_seed,
        }


@dataclass(frozen=True)
class RunResult:
    """One simulated run.

    `run` holds the values of `catalogue.RUN`; `daily` the columns of `catalogue.DAILY`, each
    of shape (days,); `segments` flows of shape (days, kind, tier, domain, buyer); `monthly` the
    columns of `catalogue.MONTHLY`, each of shape (months,); `anchors` one value per anchor.
    `run_off` holds the sums of `run_off.FLOWS` over the days after the horizon that were asked
    for; it is empty without them. `valued_days` holds the flows of `run_off.VALUED` day by day, of
    the horizon and of the run-off, where there is one.
    `branches` holds the tables of the case's branches by name, of their own days alone.
    """

    labels: dict[str, Any]
    run: dict[str, Any]
    daily: dict[str, NDArray[Any]]
    monthly: dict[str, NDArray[Any]]
    segments: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    anchors: dict[str, NDArray[Any]] = field(default_factory=dict)
    run_off: dict[str, int] = field(default_factory=dict)
    valued_days: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    branches: dict[str, "RunResult"] = field(default_factory=dict)

    @property
    def row(self) -> dict[str, Any]:
        """Its row of `runs`."""
        return {**self.labels, **self.run}

"""What a user asks for around a world and a policy: size, worlds, search, back end."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from engine.spec.base import Spec, quantity
from engine.spec.experiment import Experiment
from engine.spec.explain import nearest
from engine.spec.kinds import refuse
from engine.spec.policy import Policy
from engine.spec.run_off import WithRunOff
from engine.spec.scenario import Scenario
from engine.spec.space import Space
from engine.spec.tables import NO_TABLES, TABLE_NAMES, OwnTables

Seed = Annotated[int, Field(ge=0, lt=2**63)]


_MOST_SHARDS: Final = 4096


class Scale(Spec):
    """How large a sample of the market is simulated."""

    name: str
    buyers_count: int = quantity("buyers", "simulated buyers", ge=1, le=1_000_000_000)
    anchors_count: int = quantity(
        "rows", "of streamers, who stand for all of the scenario's market", ge=1, le=100_000
    )
    suppliers_count: int = quantity("suppliers", "of all kinds", ge=1, le=100_000)
    showcase_count: int = quantity("goods", "in a showcase", ge=1, le=16)
    shards: int | Literal["auto"] = Field(
        1,
        description="processes on Ray that hold one market together, each some of its buyers; "
        "auto: as few as a cluster's memory asks for",
    )

    @model_validator(mode="before")
    @classmethod
    def _some_shards(cls, raw: Any) -> Any:
        """Refuse a number of shards in one message, where a union of types would give two."""
        shards = raw.get("shards", 1) if isinstance(raw, Mapping) else 1
        if shards != "auto" and (type(shards) is not int or not 1 <= shards <= _MOST_SHARDS):
            raise ValueError(
                f"shards={shards} is no number of shards; 1 to {_MOST_SHARDS:,}, or auto; "
                "leave {where}.shards out to hold a market in one process"
            )
        return raw

    def sample(self, population_share: float, anchors_share: float, fewest_suppliers: int) -> Self:
        """Return a smaller scale: with a share of the buyers, and of anchors and suppliers."""
        suppliers = round(self.suppliers_count * anchors_share)
        return self.model_copy(
            update={
                "buyers_count": max(1, round(self.buyers_count * population_share)),
                "anchors_count": max(1, round(self.anchors_count * anchors_share)),
                "suppliers_count": max(fewest_suppliers, suppliers),
            }
        )


class Ensemble(Spec):
    """Plausible worlds: each a (possibly empty) tree of changes to the scenario.

    Beside the scenario's groups a world may name a `world_seed`: its first population.
    """

    name: str
    worlds: dict[str, dict[str, Any]] = Field(min_length=1)

    @model_validator(mode="after")
    def _seeds(self) -> Self:
        for name, world in self.worlds.items():
            seed = world.get("world_seed", 0)
            if type(seed) is not int or not 0 <= seed < 2**63:
                raise ValueError(
                    f"the world_seed of the world {name} is {seed!r}; a whole number, 0 or more; "
                    f"{{where}}.worlds.{name}.world_seed=1001"
                )
        return self

    def changes(self, world: str) -> dict[str, Any]:
        """Return what a world changes in the scenario."""
        return {key: value for key, value in self.worlds[world].items() if key != "world_seed"}


class Ray(Spec):
    """Where simulations run.

    `process` stays in this process and takes one run after another, `ray` starts others or takes
    those of a cluster; `auto` decides by the work, lets threads of this process take several runs
    at once where that is quickest, and takes `ray` where an address is given.
    """

    backend: Literal["auto", "process", "ray"]
    address: str | None = Field(description="an existing cluster; none starts a local one")
    runtime_env: dict[str, Any] | None = Field(
        None,
        description="of a cluster's workers, as Ray takes it; this package is added to it; none: "
        "it is installed on every node",
    )
    workers_count: int | None = quantity("workers", "at once; none: one a CPU", ge=1, le=100_000)
    retries_count: int = quantity("retries", "of a task whose worker died", ge=0, le=100)
    memory_gib: float | None = Field(
        None,
        description="that runs hold together on a node, at most; none: what it grants, which is "
        "what `ray start --memory` says, or what is free [GiB]",
        gt=0,
        le=1_000_000,
        json_schema_extra={"unit": "GiB"},
    )
    saves_folder: str | None = Field(
        None,
        description="where the shards of one market save nights, on a disk that all nodes share; "
        "none: on each node's own, so that a lost node means the first day again",
    )

    @model_validator(mode="after")
    def _absolute_folder(self) -> Self:
        """Workers have folders of their own to start from."""
        if self.saves_folder is not None and not Path(self.saves_folder).is_absolute():
            raise ValueError(
                f"saves_folder={self.saves_folder} is relative, and workers would take it from "
                "places of their own; a folder from / on, or null; "
                "{where}.saves_folder=/shared/folder"
            )
        return self

    @model_validator(mode="after")
    def _some_address(self) -> Self:
        """Refuse an empty one: a Ray of this machine alone is not what was asked for."""
        if self.address is not None and not self.address.strip():
            raise ValueError(
                "ray.address is empty, as a variable that is not set leaves it; auto, HOST:6379, "
                "ray://HOST:10001, or null for this machine; set the variable, or {where}.address="
                "null"
            )
        return self


class _ReportOptions(Spec):
    """How `report.html` is written."""

    language: Literal["en", "zh"] | None = Field(
        None, description="of the page; none: that of the results that are shown, or en"
    )


class Job(Spec):
    """What every command needs: seeds, a world, its size, and where to run."""

    without_effect: ClassVar[dict[str, Any]] = {
        "ray": True,
        "threads": True,
        "report": True,
        "tables": {"folder": True} | {name: {"address": True} for name in TABLE_NAMES},
        "scale": {"shards": True},
    }
    """Keys on which no result depends: of a table its content counts, not where it lies."""

    seed: Seed
    world_seed: Seed
    replications: int = quantity("runs", "of each policy and world", ge=1, le=100_000)
    populations_count: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="populations that the replications go round; none: one for each [populations]",
    )
    threads: int = quantity("threads", "of one simulated market", ge=1, le=1024)
    scenario: Scenario
    scale: Scale
    ensemble: Ensemble
    ray: Ray
    report: _ReportOptions = _ReportOptions()
    history: Policy | None = Field(
        None,
        description="in force from the scenario's first day to the decision; none: the policy",
    )
    decision_date: date | None = Field(
        None,
        description="morning on which policies take over from the history, with a purse and a "
        "target path of their own; none: the horizon's first day",
    )
    tables: OwnTables = Field(NO_TABLES, description="own tables in place of what is drawn")

    @model_validator(mode="after")
    def _rates_of_kinds(self) -> Self:
        """Refuse policies with coupon rates of other kinds than the scenario's."""
        kinds, _ = self.scenario.vocabulary
        refuse(
            ((*place, "subsidy", "rate"), policy.subsidy.rate.misfit(kinds, "kinds"))
            for place, policy in self._policies_by_place()
        )
        return self

    @model_validator(mode="after")
    def _a_supplier_of_each_kind(self) -> Self:
        count, least = self.scale.suppliers_count, len(self.scenario.kinds)
        if count < least:
            raise ValueError(
                f"scale.suppliers_count={count} is less than one of each of scenario.kinds; "
                f"at least {least} [suppliers]; set scale.suppliers_count={least}"
            )
        return self

    def _policies_by_place(self) -> Iterator[tuple[tuple[str, ...], Policy]]:
        for name, value in self:
            found = value if isinstance(value, dict) else {"": value}
            for key, policy in found.items():
                if isinstance(policy, Policy):
                    yield (name, key) if key else (name,), policy

    def sampled_scale(self, population_share: float, anchors_share: float = 1.0) -> Scale:
        """Return a smaller scale; of own tables of anchors, suppliers and goods all rows stay."""
        kept = 1.0 if self.tables.fix_anchors else anchors_share
        return self.scale.sample(population_share, kept, len(self.scenario.kinds))

    def identity(self) -> str:
        """Name all that the results depend on: 16 hexadecimal digits."""
        return hashlib.sha256(
            self.model_dump_json(exclude=self.without_effect).encode()
        ).hexdigest()[:16]

    def all_policies(self) -> dict[str, Policy]:
        """Return every policy of the job by its dotted key."""
        return {}

    def all_spaces(self) -> dict[str, Space]:
        """Return every space of the job by its dotted key."""
        return {}


class SimulateJob(Job):
    """One policy."""

    without_effect: ClassVar[dict[str, Any]] = Job.without_effect | {"export": True}

    policy: Policy
    export: bool | str = Field(
        False,
        description="folder to which the first population is written as tables; true: world, in "
        "the output folder; false: nowhere",
    )

    def all_policies(self) -> dict[str, Policy]:
        """Return the one policy."""
        return {"policy": self.policy}


class CompareJob(Job, WithRunOff):
    """Several policies under common random numbers."""

    without_effect: ClassVar[dict[str, Any]] = Job.without_effect | {"experiment": True}

    policies: dict[str, Policy] = Field(min_length=2)
    baseline: str
    one_at_a_time: str | None = Field(
        None, description="policy whose levers the baseline takes over, one after another"
    )
    experiment: Experiment | None = Field(None, description="the question behind it, with claims")

    @model_validator(mode="after")
    def _known_baseline(self) -> Self:
        if self.baseline not in self.policies:
            known = ", ".join(self.policies)
            match = nearest(self.baseline, self.policies)
            remedy = f"; did you mean baseline={match}?" if match else ""
            what = f"baseline {self.baseline!r} is not among the policies"
            raise ValueError(f"{what}; {known}{remedy}")
        return self

    @model_validator(mode="after")
    def _known_other(self) -> Self:
        if self.one_at_a_time is not None and len(self.compared()) < 2:
            others = ", ".join(name for name in self.policies if name != self.baseline)
            raise ValueError(
                f"one_at_a_time={self.one_at_a_time} names no policy that differs from the "
                f"baseline {self.baseline!r}; {others}, or null"
            )
        return self

    @model_validator(mode="after")
    def _known_terms(self) -> Self:
        claims = self.experiment.claims if self.experiment else {}
        if claims and self.one_at_a_time is not None:
            raise ValueError(
                "one_at_a_time has policies of its own, of which an experiment claims nothing; "
                "one of both; leave one out"
            )
        for name, claim in claims.items():
            for term in claim.terms:
                policy, _, world = term.partition("@")
                if policy not in self.policies or (world and world not in self.ensemble.worlds):
                    raise ValueError(
                        f"the claim {name} speaks of {term!r}; {', '.join(self.policies)}, or "
                        f"POLICY@WORLD with one of {', '.join(self.ensemble.worlds)}; correct it"
                    )
        return self

    def compared(self) -> dict[str, Policy]:
        """Return the policies that are simulated, named by their keys.

        With `one_at_a_time`, they are the baseline, and the baseline with one lever after
        another as in that policy.
        """
        found = self.policies
        if self.one_at_a_time is not None:
            base, other = (found.get(key) for key in (self.baseline, self.one_at_a_time))
            swapped = _one_lever_at_a_time(base, other) if base and other else {}
            found = {self.baseline: self.policies[self.baseline]} | {
                f"without_{path}": policy for path, policy in swapped.items()
            }
        return {name: policy.model_copy(update={"name": name}) for name, policy in found.items()}

    def all_policies(self) -> dict[str, Policy]:
        """Return the policies that are given."""
        return {f"policies.{name}": policy for name, policy in self.policies.items()}


def _one_lever_at_a_time(policy: Policy, other: Policy) -> dict[str, Policy]:
    """The policy with one thing as in `other`, by its path: each group of levers, then each lever.

    Only where the two differ. Levers of a sub-group such as `subsidy.rate` go together, and a
    group in which one lever differs stands for that lever.
    """
    found: dict[str, Policy] = {}
    for group in Policy.model_fields:
        own, its = getattr(policy, group), getattr(other, group)
        if not isinstance(own, BaseModel) or own == its:
            continue
        found[group] = policy.model_copy(update={group: its})
        names = [name for name, value in own if value != getattr(its, name)]
        for name in names if len(names) > 1 else ():
            changed = own.model_copy(update={name: getattr(its, name)})
            found[f"{group}.{name}"] = policy.model_copy(update={group: changed})
    return found


class ReportJob(Spec):
    """A folder of results to report on, or several to compare."""

    folder: str | Annotated[tuple[str, ...], Field(min_length=1)]
    into: str = Field(min_length=1, description="where the table over several folders goes")
    report: _ReportOptions = _ReportOptions()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders, of which there may be one."""
        return (self.folder,) if isinstance(self.folder, str) else self.folder

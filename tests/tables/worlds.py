"""A small world written as tables, and jobs that read them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from engine.case import Case
from engine.cases import cases
from engine.market.run import simulate
from engine.market.state import State, open_state
from engine.market.world import World, open_world
from engine.results import export_worlds
from engine.spec.jobs import SimulateJob
from engine.spec.tables import TABLE_NAMES, OwnTables
from engine.tables import read_given, with_own_tables
from tests.worlds import job as kept_job

SMALL = (
    "scale=smoke",
    "scale.buyers_count=400",
    "scale.anchors_count=60",
    "scale.suppliers_count=40",
    "scenario.calendar.end=2020-01-20",
)
"""A market of three weeks that runs in a moment."""


def job(*overrides: str) -> SimulateJob:
    """The job of `experiments.simulate`: its tables are looked at, the rest is kept."""
    words = [word.removeprefix("tables.").split("=") for word in overrides if "tables." in word]
    others = [word for word in overrides if "tables." not in word]
    given = {key: float(value) if key == "buyers_share" else value for key, value in words}
    kept = kept_job(*SMALL, *others)
    return with_own_tables(kept.model_copy(update={"tables": OwnTables.model_validate(given)}))


def todo(*overrides: str) -> list[Case]:
    asked = job(*overrides)
    return cases(asked, [asked.policy])


def export(folder: Path, *overrides: str) -> Path:
    """Write the world of the first replication as tables."""
    export_worlds(todo("replications=1", *overrides), str(folder))
    return folder


def all_given(folder: Path, *but: str) -> list[str]:
    """Overrides that give every table of an export, but some."""
    return [f"tables.{name}={folder}/{name}.parquet" for name in TABLE_NAMES if name not in but]


def rewritten(folder: Path, name: str, change: Any) -> Path:
    """A table in which something is changed, beside the others."""
    table = change(pq.read_table(folder / f"{name}.parquet"))
    path = folder / f"changed-{name}.parquet"
    pq.write_table(table, path)
    return path


def as_csv(folder: Path, name: str) -> Path:
    path = folder / f"{name}.csv"
    pa.csv.write_csv(pq.read_table(folder / f"{name}.parquet"), path)
    return path


def opened(case: Case) -> tuple[World, State]:
    """The world of a case, and its market before the first day."""
    given = read_given(case.tables, case.scale, case.scenario.vocabulary)
    world = open_world(case.scenario, case.scale, case.world_seed, given)
    return world, open_state(world, case.run_seed)


def first_morning(case: Case) -> State:
    """The market of a case before its first day."""
    return opened(case)[1]


def world_arrays(case: Case) -> dict[str, Any]:
    """All that is drawn or read of anchors, suppliers and goods."""
    given = read_given(case.tables, case.scale, case.scenario.vocabulary)
    world = open_world(case.scenario, case.scale, case.world_seed, given)
    return {
        f"{part}.{name}": values
        for part in ("anchors", "suppliers", "goods")
        for name, values in getattr(world, part)._asdict().items()
    }


def same_first_morning(one: Case, other: Case) -> bool:
    """Whether two cases have the same world, and in it the same market, to the bit."""
    a, b = world_arrays(one), world_arrays(other)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        assert getattr(a[name], "dtype", None) == getattr(b[name], "dtype", None), name
    return first_morning(one).digest() == first_morning(other).digest()


def results(case: Case) -> dict[str, Any]:
    """Every table of a run, without the seconds it took."""
    found = simulate(case)
    run = {name: value for name, value in found.run.items() if name != "wall_s"}
    tables = {"daily": found.daily, "monthly": found.monthly}
    tables |= {"segments": found.segments, "anchors": found.anchors}
    return {"run": run} | {
        f"{table}.{name}": column for table, it in tables.items() for name, column in it.items()
    }


def same_results(one: Case, other: Case) -> None:
    """Assert that two runs give the same bits in every table."""
    a, b = results(one), results(other)
    assert a.keys() == b.keys()
    assert a.pop("run") == b.pop("run")
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)

"""One entry of a list is enough for a new measure that can be computed from what is recorded."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np

from engine.market.run import advance
from engine.market.state import open_state
from engine.market.world import open_world
from tests.worlds import case

ROOT = Path(__file__).parents[2]
SCRIPT = """
from engine.accounts import Account
from engine.measures import days, flows, months, runs
from engine.measures.measure import Measure, ratio

returns = Measure("returns_count", "Returns", "Orders that were sent back.", day=Account.RETURNED)
share = Measure(
    "returns_share",
    "Returned orders",
    "Share of returns in orders.",
    run=lambda run: ratio(run["returns_count"], run["orders_count"]),
)
spread = Measure("top5_share", "Top 5", "Their share.", month=lambda view: view.top_shares(5))
flows.FLOW_MEASURES += (returns,)
runs.RUN_MEASURES += (share,)
months.MONTH_MEASURES += (spread,)

from engine.market.run import simulate
from engine.measures.catalogue import MEASURES, OUTCOMES
from engine.report.formatting import label
from engine.results.schemas import COLUMNS
from tests.worlds import case

found = simulate(case(days=3))
assert found.daily["returns_count"].sum() == found.run["returns_count"] > 0
assert 0 < found.run["returns_share"] == found.run["returns_count"] / found.run["orders_count"]
assert 0 < found.monthly["top5_share"][0] < 1
assert {"returns_count", "returns_share"} <= COLUMNS["runs"].keys() & set(OUTCOMES)
assert COLUMNS["daily"]["returns_count"] is int
assert COLUMNS["monthly"]["top5_share"] is float
assert (label("returns_count"), label("returns_share")) == ("Returns", "Returned orders")
assert MEASURES["returns_share"].possible_mean == (0.0, 1.0)
"""


def test_a_new_measure_appears_wherever_measures_do() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, cwd=ROOT)


def test_the_evening_writes_every_recorded_column() -> None:
    asked = case(days=2)
    world = open_world(asked.scenario, asked.scale, asked.world_seed)
    state = open_state(world, asked.run_seed)
    state.record.reserve(8, 1)
    names = state.record.value_names
    for name in names:
        state.record.values[name] = -12345
    advance(world, asked.policy, state, world.date_of(0) + timedelta(days=2))
    unwritten = [n for n in names if np.any(state.record.values[n][:2] == -12345)]
    assert not unwritten

"""A market of a few formulas whose unknowns are known, and figures observed in it.

    GMV a day      = 0.4 bn * exp(-0.8 (outside - 5)) * (1 + growth of the load over the year)
    order value    = 1.5 * price of source goods
    take           = take share * GMV
    top-10 share   = 0.2 * engaged power

`learning.habit_gain` moves nothing. Chance moves every day by 2 %.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from engine import rng
from engine.calibrate import UnknownSpace, calibrate, read_figures
from engine.calibrate.driver import CalibrationResult
from engine.calibrate.observed import ObservedFigure
from engine.case import Case, RunResult
from engine.compute.pool import ProcessPool
from engine.config import load
from engine.measures.catalogue import DAILY, MONTHLY
from engine.spec.calibration import CalibrateJob
from engine.units import FEN_PER_BN_RMB
from tests.worlds import CONF

TRUTH: dict[str, float] = {
    "choice.outside": 5.6,
    "suppliers.source.price_rmb": 48.0,
    "platform.take_share": 0.012,
    "anchors.engaged_power": 0.7,
}
NOTHING = "learning.habit_gain"
TREE: dict[str, Any] = {
    "choice": {"outside": {"low": 4.4, "high": 6.2}},
    "suppliers": {"source": {"price_rmb": {"low": 34, "high": 62, "log": True}}},
    "platform": {"take_share": {"low": 0.008, "high": 0.02, "log": True}},
    "anchors": {"engaged_power": {"low": 0.5, "high": 0.95}},
    "learning": {"habit_gain": {"low": 0.08, "high": 0.35}},
}
HEAD = "role,key,period,value,unit,confidence\n"
FIGURES = (
    ("fit", "gmv", "Q1 2020", "bn RMB", "high"),
    ("fit", "gmv", "Q2 2020", "bn RMB", "high"),
    ("fit", "order_value", "Q2 2020", "RMB", "high"),
    ("fit", "take_share", "9M 2020", "% of GMV", "medium"),
    ("fit", "top_share(10)", "May 2020", "%", "medium"),
    ("check", "gmv", "Q3 2020", "bn RMB", "medium"),
)


def simulate(case: Case) -> RunResult:
    """A year of the formulas above."""
    scenario, days = case.scenario, case.scenario.calendar.n_days
    stream = rng.key(case.run_seed, rng.Purpose.CHOICE)
    run_seed = 1 + 0.04 * (np.array([rng.uniform64(stream, day, 0) for day in range(days)]) - 0.5)
    path = np.linspace(scenario.platform.load_start, scenario.platform.load_end, days)
    gmv = 0.4 * FEN_PER_BN_RMB * np.exp(-0.8 * (scenario.choice.outside - 5)) * path * run_seed
    daily = {name: np.zeros(days) for name in DAILY}
    daily["gmv_fen"] = gmv
    daily["orders_count"] = gmv / (150 * scenario.suppliers.source.price_rmb)
    daily["take_fen"] = scenario.platform.take_share.source * gmv
    monthly = {name: np.full(12, 0.4) for name in MONTHLY}
    monthly["top10_share"] = np.full(12, 0.2 * scenario.anchors.engaged_power)
    return RunResult(labels=case.labels(), run={}, daily=daily, monthly=monthly)


def job(*overrides: str, unknowns: Mapping[str, Any] = TREE) -> CalibrateJob:
    """The job of `experiments.calibrate`, small, with these unknowns."""
    small = ["scale=smoke", "replications=2", "fit.waves_count=3", "fit.points_count=24"]
    small += ["fit.ensemble_count=4", "fit.confirmed_count=24", "fit.confirmed_replications=2"]
    small += ["probes.dates=[]", "probes.voucher_date=null"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        whole = load(compose("calibrate", [*small, *overrides]), CalibrateJob)
    ranges = type(whole.unknowns).model_validate({"name": "few", "ranges": unknowns})
    return whole.model_copy(update={"unknowns": ranges})


def table(
    place: Path, told: CalibrateJob, extra: Sequence[str] = (), **changes: float
) -> list[ObservedFigure]:
    """Figures as the market shows them at `TRUTH`, times `changes` by `key_period`."""
    case = Case(
        scenario=UnknownSpace(told.unknowns.ranges, told.scenario).scenario(TRUTH, "truth"),
        policy=told.policy,
        scale=told.scale,
        world_seed=1,
        run_seed=99,
    )
    from engine.calibrate.measures import KNOWN
    from engine.calibrate.run_reader import RunReader, spans

    view, lines = RunReader(case.scenario, simulate(case)), []
    for role, key, period, unit, confidence in FIGURES:
        value = KNOWN[key][0].read(view, spans(period))
        value *= changes.get(f"{key}_{period.split()[0]}", 1.0)
        lines.append(f"{role},{key},{period},{value},{unit},{confidence}")
    (place / "observed.csv").write_text(HEAD + "\n".join([*lines, *extra]) + "\n")
    return read_figures(str(place / "observed.csv"), told.fit.tolerance)


def calibrated(
    told: CalibrateJob,
    figures: Sequence[ObservedFigure],
    folder: Path,
    simulate: Callable[[Case], RunResult] = simulate,
) -> CalibrationResult:
    """Calibrate in this process."""
    return calibrate(told, figures, folder, ProcessPool(simulate), lambda *_: None)

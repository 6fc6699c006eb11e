"""Parameter recovery: figures simulated with known unknowns lead back to these."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.calibrate import UnknownSpace, calibrate, read_figures
from engine.calibrate.identify import identified
from engine.calibrate.measures import KNOWN
from engine.calibrate.run_reader import RunReader, spans
from engine.calibrate.waves import CalibrationPlan, _point_cases
from engine.compute.pool import ProcessPool
from engine.market.run import simulate
from engine.spec.calibration import CalibrateJob
from tests.calibrate.market import HEAD, job

TRUTH = {
    "choice.outside": 4.6,
    "suppliers.source.price_rmb": 34.0,
    "platform.take_share": 0.011,
    "returns.base": 0.31,
}
TREE = {
    "choice": {"outside": {"low": 3.7, "high": 5.1}},
    "suppliers": {"source": {"price_rmb": {"low": 20, "high": 58, "log": True}}},
    "platform": {"take_share": {"low": 0.008, "high": 0.018, "log": True}},
    "returns": {"base": {"low": 0.2, "high": 0.4}},
}
FIGURES = (
    ("gmv", "Jan 2020", "bn RMB"),
    ("gmv", "Q1 2020", "bn RMB"),
    ("order_value", "Q1 2020", "RMB"),
    ("take_share", "Q1 2020", "%"),
    ("return_rate", "Q1 2020", "%"),
)
TOLERANCE = 0.05
"""Share of a figure: of the order of what chance does to a quarter of some thousand buyers."""

pytestmark = pytest.mark.slow


def short_job() -> CalibrateJob:
    """A calibration on the first quarter."""
    # What is observed was simulated by the model itself, which is off by noise alone.
    right = "fit.discrepancy={level:0,growth:0,share:0,elasticity:0,elsewhere:0}"
    # A figure is judged as one run shows it: 2,000 buyers, and goods drawn anew, hardly pin an
    # order's value.
    large = ("scale.buyers_count=8000", "populations_count=1", "fit.waves_count=4")
    large += ("fit.refinement={waves_count:1,points_count:24,cutoff:2.0}",)
    whole = job("policy=laissez_faire", "replications=3", "seed=5", right, *large, unknowns=TREE)
    calendar = whole.scenario.calendar.model_copy(update={"end": date(2020, 3, 31)})
    return whole.model_copy(
        update={"scenario": whole.scenario.model_copy(update={"calendar": calendar})}
    )


def observed(told: CalibrateJob, place: Path) -> str:
    """Write down the figures of years at the truth, under seeds of their own."""
    box = UnknownSpace(told.unknowns.ranges, told.scenario)
    cases = _point_cases(CalibrationPlan(told, box, ()), [TRUTH])
    years = [simulate(replace(case, run_seed=1000 + case.replication)) for case in cases]
    lines = []
    for key, period, unit in FIGURES:
        found = [
            KNOWN[key][0].read(RunReader(cases[0].scenario, year), spans(period)) for year in years
        ]
        value = sum(found) / len(found)
        lines.append(f"fit,{key},{period},{value},{unit},,{TOLERANCE * value}")
    path = place / "simulated.csv"
    path.write_text(HEAD.replace("\n", ",tolerance\n") + "\n".join(lines) + "\n")
    return str(path)


def test_known_unknowns_are_recovered_among_the_worlds_that_are_kept(tmp_path: Path) -> None:
    told = short_job()
    figures = read_figures(observed(told, tmp_path), told.fit.tolerance)
    outcome = calibrate(told, figures, tmp_path, ProcessPool(), lambda *_: None)
    assert outcome.any_plausible
    kept = {row["point"]: row for row in outcome.rows if row["kept"]}
    assert len(kept) >= 10
    values = {name: [row[f"unknown.{name}"] for row in kept.values()] for name in TRUTH}
    ranges = {name: limits.model_dump() for name, limits in told.unknowns.ranges.items()}
    for one in identified(values, ranges):
        # Four in five of the kept worlds lie between kept_low and kept_high: the truth, among all.
        assert min(values[one.name]) <= TRUTH[one.name] <= max(values[one.name]), one
        assert one.ratio < 0.6, one

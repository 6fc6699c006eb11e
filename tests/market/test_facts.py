"""The status quo against what was published, and every number's source."""

import csv
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from engine.calibrate import read_figures
from engine.calibrate.probe import probe_branches
from engine.calibrate.run_reader import RunReader
from engine.calibrate.targets import CalibrationTarget, match_figures
from engine.cases import cases
from engine.config import load
from engine.market.run import simulate
from engine.spec.calibration import CalibrateJob
from tests.worlds import CONF

FIGURES = CONF / "observed" / "kuaishou_2020.csv"
WITHIN = {"high": 0.10, "medium": 0.20, "low": 0.40}
"""Share of a figure within which the calibrated world shows it, by confidence."""

RANGES = {"horizon_return_rate": 10.0, "commission_rate": 15.0}
"""Half widths of the figures that were published as ranges."""

MISSED = {
    ("orders_growth", "Aug 2020 vs Jan 2020"): 2.2,
    ("buyers_growth", "Aug 2020 vs Jan 2020"): 2.2,
    ("take_share", "9M 2020"): 1.3,
    ("return_rate", "mid 2020"): 1.3,
    ("own_elasticity", "meta-analysis"): 2.8,
}
"""Figures that the best world misses, and by how many of the limits above at most: growth comes out
too small, the other three too large. In eight populations 1.5, 1.5, 1.0, 0.9 and 2.6 of them
(`python -m tests.show_facts`); the rest is what four populations scatter.
"""

ELSEWHERE = {"coupon_orders_uplift", "coupon_later_orders", "voucher_spending"}
"""Experiments on other markets, replayed roughly: within one and a half deviations, doubt included.

All three come out too small, by about one: sizes are halved, and later orders, which rose there,
fall by one per cent.
"""


def rows() -> list[dict[str, str]]:
    """All published figures."""
    with FIGURES.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def observed(key: str, period: str) -> float:
    """One published figure."""
    found = [row for row in rows() if (row["key"], row["period"]) == (key, period)]
    assert len(found) == 1, (key, period)
    return float(found[0]["value"])


REPLICATIONS = {"laptop": 4, "full": 2}


@cache
def job(scale: str = "laptop") -> CalibrateJob:
    """The job of `experiments.calibrate`, on seeds and populations that the fit has not seen."""
    words = [f"scale={scale}", f"replications={REPLICATIONS[scale]}", "seed=2", "world_seed=101"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("calibrate", words), CalibrateJob)


@cache
def targets() -> list[CalibrationTarget]:
    """What the model shows of the figures to fit."""
    figures = read_figures(str(FIGURES), job().fit.tolerance)
    asked = job()
    found, _ = match_figures(figures, asked.scenario.calendar, asked.fit, asked.probes)
    return [target for target in found if target.role == "fit"]


@pytest.fixture(scope="module", params=["laptop", pytest.param("full", marks=pytest.mark.slow)])
def status_quo(request: pytest.FixtureRequest) -> list[RunReader]:
    asked = job(request.param)
    return [
        RunReader(
            case.scenario,
            simulate(replace(case, branches=probe_branches(case, asked.probes))),
            asked.probes,
        )
        for case in cases(asked, [asked.policy])
    ]


@pytest.mark.parametrize("target", targets(), ids=lambda target: f"{target.key}, {target.period}")
def test_a_fitted_figure_is_met(status_quo: list[RunReader], target: CalibrationTarget) -> None:
    (row,) = (one for one in rows() if (one["key"], one["period"]) == (target.key, target.period))
    found = [target.measure.read(view, target.days) for view in status_quo]
    within = WITHIN[row["confidence"]] * abs(target.observed)
    limit = max(within, RANGES.get(target.key, 0.0), target.tolerance)
    if target.key in ELSEWHERE:
        limit = 1.5 * (target.sd**2 + (target.discrepancy * target.observed) ** 2) ** 0.5
    off = np.mean(found) - target.observed
    beyond = -target.bound * off if target.bound else abs(off)
    if most := MISSED.get((target.key, target.period)):
        assert 0.8 * limit < beyond <= most * limit  # what is met is taken off the list
    else:
        assert beyond <= limit


def test_the_figures_asked_for_are_among_the_fitted() -> None:
    assert {(target.key, target.period) for target in targets()} >= {
        ("gmv", "Q1 2020"),
        ("gmv", "Q2 2020"),
        ("orders_growth", "Aug 2020 vs Jan 2020"),
        ("buyers_growth", "Aug 2020 vs Jan 2020"),
        ("order_value", "late 2020"),
        ("repeat_rate", "H1 2020"),
        ("take_share", "9M 2020"),
        ("daily_users", "Q2 2020"),
        ("tier12_share", "mid 2020"),
        ("fans_log_sd", "2020"),
        ("top_share(1)", "May 2020"),
        ("top_share(10)", "May 2020"),
        ("top_share(25)", "May 2020"),
        ("top_share(100)", "May 2020"),
        ("stream_sales(guests)", "10 May 2020 Kuaishou"),
        ("return_rate", "mid 2020"),
        ("commission_rate", "2024"),
        ("own_elasticity", "meta-analysis"),
    }


def numbers_with_comments(name: str = "kuaishou_2020") -> list[tuple[int, str, str]]:
    """(line number, line, comment) of every line of the scenario that holds a number or date."""
    lines = (CONF / "scenario" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    found = []
    comment_above = ""
    group = ""
    for number, line in enumerate(lines, 1):
        code, _, comment = line.partition("#")
        if not code.strip():
            comment_above = comment
            continue
        if re.search(r":\s*$", code):  # a group: its comment covers its members
            group = comment
        elif re.search(r":\s*\[?-?\d", code) and "name:" not in code:
            indent = len(code) - len(code.lstrip())
            found.append((number, code, comment or comment_above or (group if indent else "")))
        comment_above = ""
    return found


def test_every_number_of_the_scenario_names_its_unit_and_its_source():
    keys = {row["key"] for row in rows()}
    checked = numbers_with_comments()
    assert len(checked) > 150
    for number, code, comment in checked:
        unit, bar, source = comment.partition("|")
        where = f"line {number}: {code.strip()}"
        assert bar, f"{where}: no source"
        assert unit.strip(), f"{where}: no unit"
        assert re.search(r"assumption|fitted|observed: |seasonality|article", source), where
        for key in re.findall(r"observed: (\w+(?:\(\w+\))?)", source):
            assert key in keys, f"{where}: {key} is not among the observed figures"

"""Weights of worlds against the formula, and what is said where few worlds are near."""

import math
from datetime import date

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from engine.calibrate.observed import read_figures
from engine.config import load
from engine.decision.weights import _known_figures, _simulated_figures, _world_weights
from engine.errors import InputError
from engine.market.run import simulate
from engine.spec.calibration import CalibrateJob
from tests.worlds import CONF, case

HEAD = "role,key,period,value,unit,confidence,tolerance\n"
AT = date(2020, 6, 1)


def job() -> CalibrateJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("calibrate", ["scale=smoke"]), CalibrateJob)


JOB = job()
CALENDAR = JOB.scenario.calendar


def published():
    return read_figures(str(CONF / "observed/kuaishou_2020.csv"), JOB.fit.tolerance)


def figures_of(tmp_path, *rows: str):
    path = tmp_path / "actuals.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return read_figures(str(path), JOB.fit.tolerance)


def known(tmp_path, at: date = AT, *rows: str):
    rows = rows or ("fit,gmv,Q1 2020,40,bn RMB,,3", "fit,order_value,Jan 2020,70,RMB,,6")
    return _known_figures(figures_of(tmp_path, *rows), CALENDAR, JOB.fit, at)


def test_only_what_ended_before_the_date_is_known():
    found = {(one.key, one.period) for one in _known_figures(published(), CALENDAR, JOB.fit, AT)}
    assert ("gmv", "Q1 2020") in found
    assert ("top_share(10)", "May 2020") in found
    assert ("gmv", "H1 2020") not in found
    assert not {key for key, _ in found} & {
        "daily_users", "commission_rate", "own_elasticity", "orders_growth",
    }  # fmt: skip
    early = _known_figures(published(), CALENDAR, JOB.fit, date(2020, 5, 31))
    assert ("top_share(10)", "May 2020") not in {(one.key, one.period) for one in early}


def test_no_check_is_ever_used():
    late = _known_figures(published(), CALENDAR, JOB.fit, date(2020, 12, 31))
    checks = {(one.key, one.period) for one in published() if one.role == "check"}
    assert not {(one.key, one.period) for one in late} & checks
    assert ("gmv", "Q3 2020") in checks
    assert "daily_users" not in {one.key for one in late}  # an input


def test_a_table_of_checks_alone_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row with role fit"):
        known(tmp_path, AT, "check,gmv,Q1 2020,40,bn RMB,,3")
    with pytest.raises(InputError, match="ends before 2020-03-31"):
        known(tmp_path, date(2020, 3, 31), "fit,gmv,Q1 2020,40,bn RMB,,3")


def test_weights_are_those_of_the_formula(tmp_path):
    told = known(tmp_path)
    runs = {
        "a": [np.array([40.0, 70.0]), np.array([42.0, 72.0])],
        "b": [np.array([43.0, 75.0]), np.array([45.0, 73.0])],
        "c": [np.array([39.0, 68.0]), np.array([41.0, 70.0])],
        "d": [np.array([41.0, 71.0]), np.array([41.0, 72.0])],
        "e": [np.array([40.0, 70.0]), np.array([40.0, 71.0])],
    }
    found = _world_weights(told, runs)
    noise = [np.median([np.var([r[j] for r in own], ddof=1) for own in runs.values()])
             for j in (0, 1)]  # fmt: skip
    raw = {}
    for world, own in runs.items():
        square = 0.0
        for j, (observed, tolerance) in enumerate(((40.0, 3.0), (70.0, 6.0))):
            level = JOB.fit.discrepancy.level * observed
            variance = (tolerance / 3) ** 2 + level**2 + noise[j] * (1 + 1 / 2)
            square += (np.mean([r[j] for r in own]) - observed) ** 2 / variance
        raw[world] = math.exp(-square / 2)
    total = sum(raw.values())
    assert found.weights == pytest.approx({world: value / total for world, value in raw.items()})
    assert found.power == 1
    assert found.effective_count == pytest.approx(
        total**2 / sum(value**2 for value in raw.values())
    )
    assert found.note == ""
    assert found.figures == ("gmv, Q1 2020", "order_value, Jan 2020")


def worlds_at(*levels: float) -> dict[str, list[np.ndarray]]:
    return {f"w{k}": [np.array([level, 70.0])] * 2 for k, level in enumerate(levels)}


def test_equal_worlds_count_alike(tmp_path):
    found = _world_weights(known(tmp_path), worlds_at(*[40.0] * 8))
    assert found.effective_count == pytest.approx(8)
    assert found.alone_count == pytest.approx(8)


def test_one_near_world_is_not_trusted_alone(tmp_path):
    found = _world_weights(known(tmp_path), worlds_at(40, 55, 56, 57, 58, 59, 60, 61))
    assert found.alone_count == pytest.approx(1, abs=0.1)
    assert found.effective_count == pytest.approx(4, abs=1e-6)
    assert 0 < found.power < 1
    assert max(found.weights, key=found.weights.__getitem__) == "w0"
    assert "too few to trust" in found.note


def test_that_no_world_is_near_is_said(tmp_path):
    found = _world_weights(known(tmp_path), worlds_at(*[90.0 + k for k in range(8)]))
    assert "the model knows no world like this" in found.note
    assert found.effective_count >= 4 - 1e-6
    few = _world_weights(known(tmp_path), worlds_at(40.0, 41.0))
    assert "only 2 worlds" in few.note
    assert few.power == 1


def test_five_worlds_are_not_forced_to_be_even(tmp_path):
    found = _world_weights(known(tmp_path), worlds_at(40, 41, 42, 43, 45))
    assert found.power == 1
    assert 3 < found.alone_count < 4
    assert found.note.endswith("too few to trust")


def test_figures_of_one_ranking_count_as_one(tmp_path):
    row = "fit,top_share({}),{} 2020,{},%,,6".format
    one = known(tmp_path, AT, row(10, "May", 10))
    many = known(
        tmp_path,
        AT,
        row(10, "May", 10),
        row(100, "May", 10),
        "fit,rank_size_exponent,May 2020,10,s in,,6",
    )
    levels = (10, 11, 12, 13, 15)
    alike = {f"w{k}": [np.full(3, level)] * 2 for k, level in enumerate(levels)}
    alone = {world: [runs[0][:1]] * 2 for world, runs in alike.items()}
    single, threefold = _world_weights(one, alone), _world_weights(many, alike)
    assert threefold.weights == pytest.approx(single.weights, rel=0.2)
    months = known(tmp_path, AT, row(10, "May", 10), row(10, "Apr", 10))
    twice = _world_weights(months, {world: [runs[0][:2]] * 2 for world, runs in alike.items()})
    assert twice.weights["w4"] < 0.8 * single.weights["w4"]


def test_a_half_year_adds_nothing_to_its_quarters(tmp_path):
    rows = [f"fit,gmv,{period} 2020,{value},bn RMB,,{value / 10}"
            for period, value in (("Q1", 40), ("Q2", 80), ("H1", 120))]  # fmt: skip
    levels = np.array([1.0, 1.05, 1.1, 1.15, 1.2])
    alike = {f"w{k}": [np.array([40, 80, 120]) * level] * 2 for k, level in enumerate(levels)}
    at = date(2020, 7, 1)
    both = known(tmp_path, at, *rows[:2])
    quarters = _world_weights(both, {world: [own[0][:2]] * 2 for world, own in alike.items()})
    for order in ([0, 1, 2], [2, 0, 1]):
        told = known(tmp_path, at, *(rows[k] for k in order))
        found = _world_weights(told, {world: [own[0][order]] * 2 for world, own in alike.items()})
        assert found.weights == pytest.approx(quarters.weights, rel=1e-6)


def test_of_a_bound_only_the_part_beyond_counts(tmp_path):
    told = known(tmp_path, AT, "fit,gmv,Q1 2020,<40,bn RMB,,3")
    found = _world_weights(
        told, {f"w{k}": [np.array([level])] * 2 for k, level in enumerate((10, 20, 30, 40, 60))}
    )
    assert [*found.weights.values()][:4] == pytest.approx([0.25] * 4, abs=0.01)


def test_figures_are_read_off_the_year_as_calibration_reads_them():
    asked = case("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50",
                 days=152)  # fmt: skip
    year = simulate(asked)
    told = _known_figures(published(), asked.scenario.calendar, JOB.fit, AT)
    found = dict(zip([(one.key, one.period) for one in told],
                     _simulated_figures(asked.scenario, year, told), strict=True))  # fmt: skip
    assert found["gmv", "Q1 2020"] == pytest.approx(year.daily["gmv_fen"][:91].sum() / 1e11)
    assert found["top_share(10)", "May 2020"] == pytest.approx(100 * year.monthly["top10_share"][4])

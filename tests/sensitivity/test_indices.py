"""Sobol indices: a function whose indices are known, what noise brings, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.compute.pool import ProcessPool
from engine.errors import InputError
from engine.results.writer import _table_of_rows
from engine.sensitivity import check_sensitivity, runs_count, sensitivities
from engine.sensitivity.indices import SobolAnalysis, _effect_rows, _index_rows, _noise_share
from engine.spec.sensitivity import SensitivityJob
from tests.fakes import SMALL_SCALE, simulate_fake, small_policy, small_scenario
from tests.search.jobs import LEVERS, run, small_job

NAMES = ["x1", "x2", "x3"]


def ishigami(cube: np.ndarray, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    x = np.pi * (2 * cube - 1)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def known(a: float = 7.0, b: float = 0.1) -> dict[tuple[str, str], float]:
    """First-order and total indices by hand (Ishigami & Homma 1990)."""
    alone = [0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0.0]
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)  # of the first and the third together
    variance = sum(alone) + both
    found = {("first", name): value / variance for name, value in zip(NAMES, alone, strict=True)}
    totals = [alone[0] + both, alone[1], both]
    return found | {
        ("total", name): value / variance for name, value in zip(NAMES, totals, strict=True)
    }


def indices(runs: np.ndarray, seed: int = 3) -> dict[tuple[str, str], dict[str, Any]]:
    rows = _index_rows("test", NAMES, {"y": runs}, 200, seed)
    _table_of_rows("sensitivity", rows)
    return {(row["index"], row["name"]): row for row in rows}


def test_a_function_with_known_indices_has_them() -> None:
    cube = SobolAnalysis("levers", dict.fromkeys(NAMES, (0, 1)), 2048, 3).cube
    assert cube.shape == (2048 * 5, 3)
    found = indices(ishigami(cube)[:, None])
    for key, value in known().items():
        assert found[key]["value"] == pytest.approx(value, abs=0.02)
        assert found[key]["ci_low"] - 0.01 <= value <= found[key]["ci_high"] + 0.01
        assert found[key]["ci_low"] < found[key]["ci_high"]
    assert found["noise", "noise"]["value"] is None  # one replication tells nothing of it


def test_an_effect_is_the_change_from_the_low_to_the_high_end() -> None:
    cube = SobolAnalysis("levers", dict.fromkeys(NAMES, (0, 1)), 64, 3).cube
    y = 5 * cube[:, 0] - 3 * cube[:, 1] + 2 * cube[:, 0] * cube[:, 2]
    ends = {"x1": (0, 10), "x2": (1.0, 2.0), "x3": ("few", "many")}
    rows = _effect_rows("test", ends, cube, {"y": y[:, None]})
    _table_of_rows("sensitivity", rows)
    found = {row["name"]: row for row in rows}
    assert found["x1"]["value"] == pytest.approx(6, abs=0.1)  # 2 x1 x3 brings x1 the mean of 2 x3
    assert found["x2"]["value"] == pytest.approx(-3)
    assert (found["x2"]["low"], found["x2"]["high"]) == (1, 2)
    assert found["x3"]["low"] is None
    for name, true in {"x1": 6, "x3": 1}.items():
        assert found[name]["ci_low"] < true < found[name]["ci_high"]


def test_an_interval_of_an_effect_holds_it_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(1), []
    for seed in range(200):
        cube = SobolAnalysis("levers", dict.fromkeys(NAMES, (0, 1)), 16, seed).cube
        y = 4 * cube[:, 0] + rng.normal(size=len(cube))
        (row, *_) = _effect_rows("test", dict.fromkeys(NAMES, (0, 1)), cube, {"y": y[:, None]})
        held.append(row["ci_low"] < 4 < row["ci_high"])
    assert 0.9 < np.mean(held) < 0.99


def test_of_a_few_points_no_interval_is_told() -> None:
    cube = SobolAnalysis("levers", dict.fromkeys(NAMES, (0, 1)), 4, 3).cube
    rows = _effect_rows("test", dict.fromkeys(NAMES, (0, 1)), cube, {"y": cube[:, :1]})
    assert {row["ci_low"] for row in rows} == {None}


def test_noise_is_the_part_of_the_variance_that_no_factor_has() -> None:
    cube = SobolAnalysis("levers", dict.fromkeys(NAMES, (0, 1)), 512, 3).cube
    y = ishigami(cube)[:, None]
    rng = np.random.default_rng(1)
    common, own = rng.normal(size=(1, 2)), rng.normal(size=(len(cube), 2))
    assert _noise_share(y + 5 * common) == pytest.approx(0.0, abs=1e-12)  # all points share it
    share = 0.5 / (y.var() + 0.5)  # a variance of 1 over two replications
    assert _noise_share(y + own) == pytest.approx(share, rel=0.1)
    assert _noise_share(np.hstack([y, -y])) == 1.0


def test_a_measure_that_nothing_moves_has_no_indices() -> None:
    found = indices(np.full((8 * 5, 2), 3.0))
    assert {row["value"] for row in found.values()} == {None}


def job_of(**changes: Any) -> SensitivityJob:
    base = small_job().model_dump(include={"seed", "world_seed", "threads", "ensemble", "ray"})
    tree = base | {
        "replications": 2,
        "scenario": small_scenario(),
        "scale": SMALL_SCALE,
        "policy": small_policy("base", 0.1),
        "of": "levers",
        "space": {
            "name": "few",
            "levers": LEVERS,
            "trajectory": False,
            "trajectory_knots_count": 3,
        },
        "unknowns": {"name": "few", "ranges": {"platform.goal_bn_rmb": {"low": 1, "high": 2}}},
        "measures": ["gmv_paid_fen", "gini"],
        "indices": {"base_points_count": 64, "resamples_count": 50, "population_share": 0.5},
        "study": None,
    }
    return SensitivityJob.model_validate(tree | changes)


def found_by(
    job: SensitivityJob, year_of: Callable[[Case], RunResult] = simulate_fake
) -> list[Any]:
    return sensitivities(job, ProcessPool(year_of), lambda *_: None)


def test_of_the_fake_market_only_the_coupons_move_the_sales() -> None:
    seen: list[Case] = []

    def year_of(case: Case) -> RunResult:
        seen.append(case)
        return simulate_fake(case)

    job = job_of()
    rows = found_by(job, year_of)
    value = {(row["measure"], row["index"], row["name"]): row["value"] for row in rows}
    assert value["gmv_paid_fen", "total", "subsidy.rate.source"] > 0.9
    assert value["gmv_paid_fen", "total", "subsidy.cap_rmb"] < 0.01
    assert value["gini", "total", "subsidy.rate.source"] is None  # always the same there
    assert value["gmv_paid_fen", "noise", "noise"] < 0.1
    (effect,) = (
        row for row in rows
        if (row["measure"], row["index"], row["name"])
        == ("gmv_paid_fen", "effect", "subsidy.rate.source")
    )  # fmt: skip
    assert effect["ci_low"] > 0
    assert (effect["low"], effect["high"]) == (0.0, 0.4)
    assert len(seen) == runs_count(job) == 64 * 5 * 2
    assert {case.scale.buyers_count for case in seen} == {50}
    assert len({case.run_seed for case in seen}) == 2  # common to all points
    assert found_by(job) == rows


def test_the_importance_in_a_search_is_that_of_the_coupons(tmp_path: Path) -> None:
    run(small_job(search={"sampler": "qmc", "trials_count": 40}), tmp_path)
    job = job_of(study=str(tmp_path))
    check_sensitivity(job)
    rows = found_by(job)
    assert runs_count(job) == 0
    assert {row["measure"] for row in rows} == {"gmv_paid_fen", "cost_fen"}
    for measure in ("gmv_paid_fen", "cost_fen"):
        own = {row["name"]: row["value"] for row in rows if row["measure"] == measure}
        assert max(own, key=own.__getitem__) == "subsidy.rate.source"
        assert sum(own.values()) == pytest.approx(1.0)
    for row in rows:
        assert 0 <= row["ci_low"] <= row["ci_high"] <= 1
    assert any(row["ci_high"] - row["ci_low"] > 0.02 for row in rows)
    assert found_by(job) == rows
    _table_of_rows("sensitivity", rows)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"measures": ["gmv_payed_fen"]}, "measures"),
        ({"study": "nowhere"}, "study"),
        ({"of": "unknowns"}, "unknowns.ranges.platform.gaol"),
    ],
)
def test_what_cannot_be_done_is_refused(changes: dict[str, Any], where: str) -> None:
    ranges = {"platform.gaol_bn_rmb": {"low": 1, "high": 2}}
    with pytest.raises(InputError) as error:
        check_sensitivity(job_of(unknowns={"name": "few", "ranges": ranges}, **changes))
    assert error.value.where.startswith(where)


def test_a_search_that_has_hardly_begun_is_refused(tmp_path: Path) -> None:
    run(small_job(search={"trials_count": 6}), tmp_path)
    with pytest.raises(InputError, match="finished trials") as refused:
        check_sensitivity(job_of(study=str(tmp_path)))
    assert "if it has ended, start a larger one (search.trials_count)" in refused.value.remedy


def test_without_the_library_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sensitivity.driver.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install -e '\.\[sensitivity\]'"):
        check_sensitivity(job_of())


def test_points_that_are_no_power_of_two_are_refused() -> None:
    with pytest.raises(ValueError, match="no power of two"):
        job_of(indices={"base_points_count": 48, "resamples_count": 50, "population_share": 1})

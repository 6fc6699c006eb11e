"""Suites that compare: checkouts, ways of sampling, candidates with a common past."""

from pathlib import Path

import numpy as np
import pytest

from engine.benchmark import check_suite
from engine.benchmark.against import _environment, _mean
from engine.benchmark.against import _rows as against_rows
from engine.benchmark.branches import _Branching
from engine.benchmark.branches import _rows as branch_rows
from engine.benchmark.shards import _DayModel
from engine.benchmark.variance import _left_a_second, _Runs
from engine.errors import InputError
from engine.report.findings.benchmark import sections
from engine.results.writer import _table_of_rows
from tests.benchmark.test_figures import job
from tests.worlds import case

ROOT = Path(__file__).parents[2]


def runs(count: int, noise: float, seconds: float, seed: int) -> _Runs:
    """Two policies with common noise, 1 wide, and noise of their own, `noise` wide."""
    rng = np.random.Generator(np.random.PCG64(seed))
    common = np.random.Generator(np.random.PCG64(1)).normal(size=count)
    effect = np.random.Generator(np.random.PCG64(2)).normal(size=count) / 10
    expected = np.array([common + effect, common]) + noise * rng.normal(size=(2, count))
    sold = expected + 0.3 * rng.normal(size=(2, count))
    return _Runs(sold, expected, seconds)


def test_variances_a_second_are_those_of_theory() -> None:
    few, many = runs(40_000, 0.02, 0.1, 3), runs(40_000, 0.01, 1.0, 4)
    found = _left_a_second(few, many)
    own = 1.0 + 0.01**2 + 0.3**2
    difference = 0.1**2 + 2 * 0.01**2
    r = 0.01 / np.sqrt(difference * (0.01 + 2 * 0.02**2))
    control = difference * (np.sqrt((1 - r**2) * 2) + r * np.sqrt(0.2)) ** 2
    assert found["difference, independent seeds"] == pytest.approx((2 * own + 0.01) * 2, rel=0.03)
    assert found["difference, common random numbers"] == pytest.approx(
        (difference + 2 * 0.3**2) * 2, rel=0.03
    )
    assert found["– and expected orders"] == pytest.approx(difference * 2, rel=0.03)
    assert found["– and the small population as control"] == pytest.approx(control, rel=0.03)
    assert found["level"] == pytest.approx(own + 0.01, rel=0.03)
    assert found["level, expected orders"] == pytest.approx(own - 0.09 + 0.01, rel=0.03)


def test_a_control_variate_pays_as_two_stage_sampling_does() -> None:
    """The split by hand: n of both and m of the small one alone, at equal seconds."""
    few, many = runs(4_000, 0.02, 0.1, 3), runs(4_000, 0.01, 1.0, 4)
    left = _left_a_second(few, many)["– and the small population as control"]
    d, cheap = (own.expected[0] - own.expected[1] for own in (many, few))
    r = float(np.corrcoef(d, cheap)[0, 1])
    shares = np.linspace(0.01, 0.99, 9_999)  # of the seconds that go to large runs
    n, m = shares / 2.0, (1 - shares) / 0.2
    best = (d.var(ddof=1) * ((1 - r**2) / n + r**2 / m)).min()
    assert left == pytest.approx(best, rel=1e-3)


def test_ratios_of_checkouts_are_taken_turn_by_turn() -> None:
    ours = {("year_s", 2000): 3.0}, {("year_s", 2000): 6.0}
    theirs = {("year_s", 2000): 2.0}, {("year_s", 2000): 5.0}
    rows = against_rows(job(), case(), list(zip(ours, theirs, strict=True)))
    assert _table_of_rows("benchmark", rows).num_rows == len(rows)
    ratio = next(row for row in rows if row["subject"] == "ratio")
    assert (ratio["value"], ratio["lowest"], ratio["highest"]) == (1.35, 1.2, 1.5)
    assert _mean(*ours) == {("year_s", 2000): 4.5}
    (shown,) = sections(rows)
    assert shown.lines == [("Year of 2,000 buyers, s", "4.5", "3.5", "1.350 (1.200 to 1.500)")]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no experiments"):
        check_suite(job(f"against={tmp_path}"))
    with pytest.raises(InputError, match="suite=kernel alone"):
        check_suite(job(f"against={ROOT}", "suite=variance"))
    check_suite(job(f"against={ROOT}"))


def test_another_checkout_tells_numba_itself_where_its_code_is_kept(tmp_path: Path) -> None:
    found = _environment(tmp_path)
    assert found["PYTHONPATH"] == str(tmp_path)
    assert [name for name in found if name.startswith("NUMBA_CACHE")] == []


def test_candidates_with_a_common_past_pay_for_it_once() -> None:
    rows = branch_rows(case(), 2000, [_Branching(1.0, 0.5, 0.002, 10**6)])
    ratio = next(row["value"] for row in rows if row["measure"] == "seconds_ratio")
    assert ratio == pytest.approx((1.0 + 63 * 0.5) / 64)
    (shown,) = sections(rows)
    assert shown.lines == [("2,000", "1.00", "2.00", "1.00", "0.50", f"{ratio:.2f}")]


def test_a_day_on_shards_takes_its_waves_and_its_sums() -> None:
    model = _DayModel(0.5, 1e-6, 0.01, 8.0, 1000.0, 16_000.0)
    assert model.day_s(1_000_000, 1, 2) == pytest.approx(0.5 + 1.0)
    assert model.day_s(1_000_000, 2, 2) == pytest.approx(0.5 + 0.5 + 0.08)
    assert model.day_s(1_000_000, 4, 2) == pytest.approx(2 * (0.5 + 0.25) + 0.08)
    assert model.exchange_s(17) == pytest.approx(0.08)  # a star around the first
    assert model.exchange_s(18) == pytest.approx(8 * 2 * (0.01 + 1.0))

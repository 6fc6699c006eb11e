"""Emulators and the region that they leave."""

from dataclasses import replace

import numpy as np
import pytest

from engine.calibrate.driver import _plausible_points
from engine.calibrate.emulator import Emulator, _Form, _left_out, _Shared
from engine.calibrate.identify import _correlation, correlated_unknowns, identified
from engine.calibrate.measures import KNOWN
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.subset_simulation import sample_plausible
from engine.calibrate.targets import CalibrationTarget
from engine.calibrate.waves import _Judged
from engine.design.sequences import latin_hypercube

NO_LOG = np.array([False])


def quadratic(x: np.ndarray) -> np.ndarray:
    u = 2 * x - 1
    return (1 + 2 * u[:, 0] - u[:, 1] + 0.5 * u[:, 0] * u[:, 2] + u[:, 1] ** 2)[:, None]


def test_a_quadratic_is_found_exactly() -> None:
    x = latin_hypercube(3, 60, 1)
    emulator = Emulator.fit(x, quadratic(x), NO_LOG)
    fresh = latin_hypercube(3, 20, 2)
    means, variances = emulator(fresh)
    assert means == pytest.approx(quadratic(fresh), abs=1e-3)
    assert variances.max() < 1e-6


def test_errors_at_points_left_out_are_those_of_emulators_without_them() -> None:
    x, noise = latin_hypercube(3, 40, 3), latin_hypercube(1, 40, 4) - 0.5
    y = quadratic(x) + noise
    form = _Form(penalty=0.1, local=10.0, length=0.4)
    errors, shares = _left_out(_Shared(x, x).covariance(form), y)
    for k in range(len(x)):
        rest = np.delete(np.arange(len(x)), k)
        within = _Shared(x[rest], x[rest]).covariance(form) + np.eye(len(rest))
        across = _Shared(x[k : k + 1], x[rest]).covariance(form)[0]
        inverse = np.linalg.inv(within)
        assert errors[k, 0] == pytest.approx(y[k, 0] - across @ inverse @ y[rest, 0], rel=1e-4)
        own = 1.0 + _Shared(x[k : k + 1], x[rest]).own_variance(form)[0]
        assert shares[k] == pytest.approx(own - across @ inverse @ across, rel=1e-4)


def wavy(x: np.ndarray) -> np.ndarray:
    """What no quadratic shows."""
    return quadratic(x) + 1.5 * np.sin(7 * x[:, :1]) * x[:, 1:2]


def test_what_a_quadratic_leaves_is_emulated_where_that_foretells_better() -> None:
    x, fresh = latin_hypercube(3, 120, 5), latin_hypercube(3, 400, 6)
    both, ridge = (Emulator.fit(x, wavy(x), NO_LOG, local=local) for local in (True, False))
    assert both.groups[0].form.local > 0
    assert both.loo[0] < 0.25 * ridge.loo[0]
    errors = [float(((one(fresh)[0] - wavy(fresh)) ** 2).mean()) for one in (both, ridge)]
    assert errors[0] < 0.25 * errors[1]
    assert errors[0] < 1.5 * both.loo[0]  # and it says how good it is, corners included


def test_of_noise_about_a_quadratic_nothing_local_is_learnt() -> None:
    x = latin_hypercube(3, 120, 7)
    y = quadratic(x) + 0.5 * (latin_hypercube(1, 120, 8) - 0.5)
    both, ridge = (Emulator.fit(x, y, NO_LOG, local=local) for local in (True, False))
    fresh = latin_hypercube(3, 400, 9)
    errors = [((one(fresh)[0] - quadratic(fresh)) ** 2).mean() for one in (both, ridge)]
    assert errors[0] < 1.3 * errors[1]
    assert both.loo[0] <= 1.05 * ridge.loo[0]


def test_the_variance_is_smaller_near_what_was_simulated_and_right_on_the_whole() -> None:
    x = latin_hypercube(3, 80, 10) * [0.5, 1.0, 1.0]  # nothing is known of the other half
    emulator = Emulator.fit(x, wavy(x), NO_LOG)
    near, far = latin_hypercube(3, 200, 11) * [0.5, 1.0, 1.0], np.array([[0.95, 0.5, 0.5]])
    assert emulator(far)[1][0, 0] > 10 * np.median(emulator(near)[1])
    means, variances = emulator(near)
    z = (means - wavy(near)) / np.sqrt(variances)
    assert 0.4 < float(z.std()) < 1.6


def test_what_is_positive_is_emulated_by_its_logarithm() -> None:
    x = latin_hypercube(2, 40, 5)
    y = np.exp(3 * x[:, :1] - 4 * x[:, 1:])
    emulator = Emulator.fit(x, np.hstack([y, y - 0.5]), np.array([True, True]))
    assert emulator.is_log.tolist() == [True, False]
    assert emulator(x)[0][:, 0] == pytest.approx(np.log(y[:, 0]), abs=1e-3)


def test_variances_add_up() -> None:
    class Fixed:
        def __call__(self, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full((len(cube), 2), 1.5), np.full((len(cube), 2), [0.09, 0.01])

    other = np.array([0.04, 0.12])  # observation, discrepancy and noise
    found = _Judged(Fixed(), np.ones(2), other, np.zeros(2, np.int64))
    misses, whole = found.misses(np.zeros((3, 1)))
    assert whole[0] == pytest.approx([0.13, 0.13])
    assert misses == pytest.approx(np.full((3, 2), 0.5 / 0.13**0.5))


def test_only_what_lies_beyond_a_bound_counts() -> None:
    above, below, neither = 1, -1, 0
    off = np.array([[0.3, 0.3, 0.3], [-0.3, -0.3, -0.3]])
    found = beyond(off, np.array([above, below, neither]))
    assert found.tolist() == [[0.0, 0.3, 0.3], [-0.3, 0.0, -0.3]]


def sample_of(runs: list[list[float]]) -> SimulatedPoints:
    """Points of one wave with one target, 10 +- 1.5 RMB."""
    target = CalibrationTarget(
        "order_value", "2020", "RMB", "fit", 10.0, 1.5, KNOWN["order_value"][0], ()
    )
    size = len(runs)
    return SimulatedPoints.of(
        (target,), ({},) * size, np.zeros((size, 1)), 1, np.array(runs)[:, :, None]
    )


def test_a_miss_is_divided_by_the_observed_and_the_simulated_error_together() -> None:
    sample = sample_of([[11, 13], [10, 12], [10, 16]])
    assert sample.errors == pytest.approx(np.ones((3, 1)))  # median point's sd 1.41, two runs
    # what was observed is one run, of variance 2, and the mean of two is off by half of that
    assert sample.misses[0, 0] == pytest.approx(2.0 / (0.5**2 + 1.0 + 2.0) ** 0.5)


def test_a_model_that_is_right_in_the_main_may_be_off() -> None:
    sample = sample_of([[12, 12], [11, 11]])
    off = sample.targets[0]._replace(discrepancy=0.1)
    with_doubt = replace(sample, targets=(off,))
    assert sample.misses[0, 0] == pytest.approx(2.0 / 0.5)
    assert with_doubt.misses[0, 0] == pytest.approx(2.0 / (0.5**2 + 1.0**2) ** 0.5)


def test_points_run_again_are_judged_by_the_fresh_runs_alone() -> None:
    lucky, worse, left = [10, 10], [11, 11], [10.5, 10.5]
    sample = sample_of([left, lucky, worse])
    fresh = sample_of([[12.5, 12.5, 12.5, 12.5], [11, 11, 11, 11]])
    judged = sample.again(np.array([1, 2]), fresh)
    assert judged.means[:, 0].tolist() == [10.5, 12.5, 11]
    assert judged.counts.tolist() == [2, 4, 4]
    found, any_plausible = _plausible_points(judged, cutoff=3.0, at_least=1)
    assert any_plausible
    assert found.tolist() == [2]  # the lucky one misses now, and the first was not run again
    assert sample.means[1, 0] == 10
    stand_ins, any_plausible = _plausible_points(judged, cutoff=0.1, at_least=3)
    assert not any_plausible
    assert stand_ins.tolist() == [2, 1]


def test_confirmed_points_share_the_random_numbers_of_their_own_runs() -> None:
    sample = sample_of([[10, 10], [10, 14], [10, 10], [10, 10]])
    judged = sample.again(np.array([2, 3]), sample_of([[9, 11, 9, 11], [10, 10, 10, 10]]))
    waves, fresh = np.median([0, 8]) / 2, np.mean([4 / 3, 0]) / 4
    assert judged.errors[:, 0] ** 2 == pytest.approx([waves, waves, fresh, fresh])


def test_chance_alone_does_not_move_a_figure_that_no_unknown_moves() -> None:
    sample = sample_of([[10, 12], [10, 12], [10, 12]])  # common random numbers: all the same
    judged = sample.again(np.array([1]), sample_of([[10.5, 12.5]]))
    assert not sample.fitted.size
    assert not judged.fitted.size


@pytest.mark.parametrize("unknowns", [2, 12])
def test_a_small_region_is_found_and_filled(unknowns: int) -> None:
    centre = 0.3

    def rule(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(x - centre).max(axis=1) / 0.05)

    found = sample_plausible(rule, unknowns, 50, 1.0, seed=1)
    assert len(found) == 50
    assert (rule(found) <= 1.0).all()
    assert found.std(axis=0) == pytest.approx(0.1 / 12**0.5, rel=0.5)  # even over a width of 0.1
    assert (found == sample_plausible(rule, unknowns, 50, 1.0, seed=1)).all()


def test_both_parts_of_a_split_region_are_found() -> None:
    def rule(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(abs(x[:, 0] - 0.2), abs(x[:, 0] - 0.8)) / 0.02)

    found = sample_plausible(rule, 3, 60, 1.0, seed=2)
    assert 10 < (found[:, 0] > 0.5).sum() < 50


def test_where_nothing_is_left_the_least_bad_is_returned() -> None:
    found = sample_plausible(lambda x: 5 + x[:, 0], 2, 10, 3.0, seed=1)
    assert found[:, 0].max() < 0.1


def test_identification_compares_spreads() -> None:
    even = np.linspace(2, 4, 2001).tolist()
    narrow = np.linspace(2.9, 3.1, 2001).tolist()
    ranges = {name: {"low": 2, "high": 4, "log": False} for name in ("a", "b")}
    first, second = identified({"a": even, "b": narrow}, ranges)
    assert (first.name, second.name) == ("b", "a")
    assert (first.ratio, second.ratio) == (
        pytest.approx(0.1, abs=0.01), pytest.approx(1.0, abs=0.01),
    )  # fmt: skip
    assert first.kept_low == pytest.approx(2.905, abs=0.001)
    assert (first.place, first.crowded) == (pytest.approx(0.5), "")


def test_a_range_binds_where_the_kept_points_crowd_its_end() -> None:
    ranges = {name: {"low": 1.0, "high": 100.0, "log": name == "log"} for name in ("log", "even")}
    kept = np.linspace(60, 100, 12).tolist()
    found = {one.name: one for one in identified({"log": kept, "even": kept}, ranges)}
    assert (found["log"].crowded, found["even"].crowded) == ("high", "")
    (few,) = identified({"log": kept[:9]}, {"log": ranges["log"]})
    assert np.isnan(few.ratio)
    assert few.crowded == ""


def test_unknowns_that_move_together_are_named() -> None:
    a = np.linspace(0, 1, 20)
    b, c = 1 - a, (np.arange(20) % 3) / 3
    assert correlated_unknowns({"a": a, "b": b, "c": c}, 0.5) == [("a", "b", pytest.approx(-1.0))]
    assert correlated_unknowns({"a": a[:5], "b": b[:5]}, 0.5) == []
    assert _correlation(a, np.ones(20)) == 0.0

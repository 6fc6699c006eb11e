"""The Gaussian process: by hand, by differences, and by what known noise is worth."""

import numpy as np
import pytest

from engine.search.samplers.gaussian_process import (
    NoisyValues,
    _fit_hyperparameters,
    _jitter,
    _matern_kernel,
    _negative_log_posterior,
    _NoiselessPosterior,
    _NoisyPosterior,
    _sample_posterior,
    _standardise,
    posterior_means,
)


def theta(signal: float, nugget: float, *lengths: float) -> np.ndarray:
    return np.log([signal, nugget, *lengths])


def matern(gap: float) -> float:
    root = 5**0.5 * gap
    return (1 + root + root**2 / 3) * np.exp(-root)


def test_the_kernel_is_that_of_the_book() -> None:
    x, other = np.array([[0.0, 0.0]]), np.array([[0.3, 0.8]])
    gap = ((0.3 / 0.5) ** 2 + (0.8 / 2.0) ** 2) ** 0.5
    found = _matern_kernel(theta(1.7, 1e-3, 0.5, 2.0), x, other)
    assert found == pytest.approx(np.array([[1.7 * matern(gap)]]))


def test_the_best_of_many_noisy_values_is_not_taken_for_what_it_seems() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(size=(120, 2))
    truth = np.sin(3 * x[:, 0]) + x[:, 1]
    seen = truth + 0.4 * rng.normal(size=120)
    found = posterior_means(x, NoisyValues(seen, np.full(120, 0.16)), np.arange(120), 96)
    best = int(np.argmax(seen))
    assert seen[best] - truth[best] > 0.4
    assert abs(found[best] - truth[best]) < 0.5 * abs(seen[best] - truth[best])
    assert np.std(found - truth) < 0.4 * np.std(seen - truth)
    exact = posterior_means(x, NoisyValues(truth, np.zeros(120)), np.arange(120), 96)
    assert exact == pytest.approx(truth, abs=0.02)


def test_the_posterior_of_two_points_is_that_of_the_hand() -> None:
    x, y, v = np.array([[0.0], [1.0]]), np.array([1.0, -0.5]), np.array([0.2, 0.0])
    a, n, at = 2.0, 0.1, 0.4
    k01, k0, k1 = a * matern(1.0), a * matern(at), a * matern(1 - at)
    top, bottom = a + 0.2 + n, a + n  # the diagonal of the covariance, with its noise
    whole = top * bottom - k01**2
    by_0, by_1 = (bottom * k0 - k01 * k1) / whole, (top * k1 - k01 * k0) / whole
    mean, covariance = _NoisyPosterior(theta(a, n, 1.0), x, y, v).at(np.array([[at]]))
    assert mean[0] == pytest.approx(by_0 * 1.0 + by_1 * -0.5)
    assert covariance[0, 0] == pytest.approx(a - by_0 * k0 - by_1 * k1)


def test_an_observation_counts_by_its_known_noise() -> None:
    x, y = np.array([[0.5], [0.5]]), np.array([1.0, 0.0])
    found = _NoisyPosterior(theta(1e4, 1e-12, 1.0), x, y, np.array([0.3, 0.1]))
    mean, covariance = found.at(np.array([[0.5]]))
    assert mean[0] == pytest.approx(0.25, abs=1e-3)  # weights 1/0.3 and 1/0.1
    assert covariance[0, 0] == pytest.approx(0.075, abs=1e-3)


def test_the_gradient_is_that_of_differences() -> None:
    rng = np.random.default_rng(3)
    x, y, v = rng.random((12, 3)), rng.normal(size=12), rng.random(12) / 5
    squares = np.moveaxis((x[:, None] - x[None]) ** 2, 2, 0).reshape(3, -1)
    at = theta(1.3, 0.05, 0.4, 1.1, 2.5)
    _, gradient = _negative_log_posterior(at, squares, y, v)
    for k in range(len(at)):
        step = 1e-6 * np.eye(len(at))[k]
        slope = (
            _negative_log_posterior(at + step, squares, y, v)[0]
            - _negative_log_posterior(at - step, squares, y, v)[0]
        ) / 2e-6
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_the_fit_finds_what_matters_and_leaves_known_noise_out_of_the_nugget() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((80, 2))
    noise = np.where(np.arange(80) % 2, 0.01, 0.4)
    y = np.sin(6 * x[:, 0]) + noise * rng.normal(size=80)
    known, told = (_standardise(y, v) for v in (noise**2, np.zeros(80)))
    by_noise, by_nugget = (_fit_hyperparameters(x, one.values, one.noise) for one in (known, told))
    assert by_noise[3] > by_noise[2] + 1  # the second input does nothing
    assert by_noise[1] < np.log(0.01) < by_nugget[1]

    at = np.linspace(0.05, 0.95, 50)[:, None] * [1.0, 0.0] + [0.0, 0.5]
    misses = [
        np.abs(one.mean + one.scale * _NoisyPosterior(t, x, one.values, one.noise).at(at)[0]
               - np.sin(6 * at[:, 0])).mean()
        for t, one in ((by_noise, known), (by_nugget, told))
    ]  # fmt: skip
    assert misses[0] < misses[1] / 2


def test_draws_have_the_posteriors_moments_and_are_gone_through_exactly() -> None:
    at, x = theta(1.0, 1e-3, 0.7), np.array([[0.0], [0.4], [1.0]])
    mean, covariance = _NoisyPosterior(at, x[:2], np.array([1.0, 0.5]), np.array([0.1, 0.1])).at(x)
    sample = _sample_posterior(
        mean, covariance, at, np.random.default_rng(0).normal(size=(3, 4000))
    )
    assert sample.mean(axis=1) == pytest.approx(mean, abs=0.05)
    assert np.cov(sample) == pytest.approx(covariance + _jitter(at) * np.eye(3), abs=0.05)
    means, deviations = _NoiselessPosterior(at, x, sample[:, :5]).at(x)
    assert means == pytest.approx(sample[:, :5], abs=1e-2)
    assert deviations == pytest.approx(np.zeros(3), abs=2e-3)

"""The likelihood, its gradient, and the parameters it gives back."""

import numpy as np
import pytest

from engine.priors import logit
from engine.priors.logit import (
    ChoiceData,
    LikelihoodFit,
    _maximise,
    _MixedLogit,
    _Mixing,
    _probabilities,
    _slopes,
    _sobol_normals,
)
from tests.priors.simulated import TRUE, simulated_design

MIXING = _Mixing(normal=(0, 1), lognormal=(2,))
AT = np.array([0.3, -0.4, 0.9, 0.2, 0.5, 0.8, -0.6, 0.4])


def model(design: ChoiceData, draws: int = 16) -> _MixedLogit:
    return _MixedLogit(design, MIXING, _sobol_normals(design.households_count(), 3, draws, 1))


def test_the_likelihood_of_two_households_by_hand() -> None:
    """One variable, 1 for the first brand; draws −1 and 1 with b = 0, s = ln 3: β = ±ln 3.

    P(first) is 3/4 or 1/4. Who buys first, first: (9/16 + 1/16) / 2; who buys first, then
    second: 3/16 with either draw.
    """
    choices = ChoiceData(
        ("constant b",),
        np.tile([[1.0], [0.0]], (4, 1, 1)),
        np.array([0, 0, 0, 1]),
        np.array([0, 0, 1, 1]),
    )
    draws = np.tile([[[-1.0, 1.0]]], (2, 1, 1))
    value, _ = _MixedLogit(choices, _Mixing(normal=(0,)), draws)(np.array([0.0, np.log(3)]))
    assert value == pytest.approx(np.log(5 / 16) + np.log(3 / 16))


def test_the_gradient_is_that_of_the_likelihood() -> None:
    likelihood = model(simulated_design(40, 6, seed=1))
    numeric = _slopes(lambda at: np.array(likelihood(at)[0]), AT)
    np.testing.assert_allclose(likelihood(AT)[1], numeric, rtol=1e-5, atol=1e-5)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = simulated_design(30, 5, seed=2)
    one = model(choices)
    monkeypatch.setattr(logit, "_BLOCK", 16 * 3 * 7)  # seven purchases: cuts fall inside
    many = model(choices)
    assert len(one._blocks) == 1 < len(many._blocks)
    np.testing.assert_allclose(np.hstack(many(AT)), np.hstack(one(AT)), rtol=1e-12)


def test_no_exponent_overflows() -> None:
    value, gradient = model(simulated_design(5, 4, seed=3))(
        1000 * np.sign(AT) * [1, 1, 0, 1, 1, 0, 0, 0]
    )
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_without_spread_a_mixed_logit_is_a_conditional_one() -> None:
    choices = simulated_design(30, 5, seed=4)
    beta = np.array([0.3, -0.4, -2.0, 0.2, 0.5])
    p = _probabilities(choices, beta)[np.arange(150), choices.chosen]
    mixed = model(choices)(np.array([0.3, -0.4, np.log(2), 0.2, 0.5, 0, 0, 0]))[0]
    assert mixed == pytest.approx(np.log(p).sum())


def test_a_conditional_logit_recovers_its_parameters() -> None:
    fit = LikelihoodFit.conditional(simulated_design(400, 10, seed=5, mixed=False))
    assert fit.converged
    true = {**TRUE, "price": -np.exp(TRUE["price"])}
    for name in fit.names:
        assert abs(fit.value(name) - true[name]) < 4 * fit.error(name), name
        assert fit.error(name) < 0.2


@pytest.mark.parametrize("seed", [6, 7])
def test_a_mixed_logit_recovers_its_parameters(seed: int) -> None:
    fit = LikelihoodFit.mixed(simulated_design(400, 12, seed), draws_count=128, seed=1)
    assert fit.converged
    assert fit.names == tuple(TRUE)
    for name, value in TRUE.items():
        assert abs(fit.value(name) - value) < 4 * fit.error(name), name
        assert fit.error(name) < 0.2


def test_households_that_differ_are_told_from_households_that_remember() -> None:
    choices = simulated_design(400, 12, seed=6)
    alike, mixed = LikelihoodFit.conditional(choices), LikelihoodFit.mixed(choices, 128, 1)
    assert mixed.log_likelihood > alike.log_likelihood + 100
    assert alike.value("last_brand") > TRUE["last_brand"] + 4 * alike.error("last_brand")


def test_draws_are_standard_normal_and_the_seed_scrambles_them() -> None:
    z = _sobol_normals(8, 3, 256, seed=1)
    assert z.shape == (8, 3, 256)
    np.testing.assert_allclose(z.mean(axis=2), 0, atol=0.03)  # each household's own
    np.testing.assert_allclose(z.std(axis=2), 1, atol=0.03)
    assert abs(np.corrcoef(z[0])[0, 1]) < 0.05
    np.testing.assert_array_equal(z, _sobol_normals(8, 3, 256, seed=1))
    assert not np.array_equal(z, _sobol_normals(8, 3, 256, seed=2))


def test_the_elasticity_is_what_a_dearer_brand_loses() -> None:
    choices = simulated_design(100, 6, seed=8)
    fit = LikelihoodFit.conditional(choices)
    k, rise = choices.place("price"), 1e-5
    before = _probabilities(choices, fit.values).mean(axis=0)
    lost = []
    for brand in range(3):
        dearer = choices.variables.copy()
        dearer[:, brand, k] *= 1 + rise
        after = _probabilities(choices._replace(variables=dearer), fit.values).mean(axis=0)
        lost.append((after[brand] / before[brand] - 1) / rise)
    elasticity, error = fit.own_elasticity(choices)
    assert elasticity == pytest.approx(before @ lost, rel=1e-4)
    assert 0 < error < 0.5


def test_where_there_is_no_maximum_nothing_has_converged() -> None:
    fit = _maximise(lambda at: (float(at @ at), 2 * at), np.zeros(2), ("x", "y"))
    assert not fit.converged
    assert np.isnan(fit.error("x"))

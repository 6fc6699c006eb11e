"""Hypervolumes of known fronts.

ZDT1 and ZDT2: Zitzler, Deb & Thiele, Evolutionary Computation 8(2), 2000; DTLZ1 and DTLZ2:
Deb, Thiele, Laumanns & Zitzler, CEC 2002. A sample of a front covers less than the front:
on a grid it covers the lower Riemann sum, which is exact here.
"""

import itertools
import math

import numpy as np
import pytest

from engine.stats.pareto import hypervolume

UNIT = (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("costs", "reference", "volume"),
    [
        ([], (1, 1), 0),
        ([[2, 3]], (5, 7), 3 * 4),
        ([[1, 2, 3]], (2, 4, 6), 1 * 2 * 3),
        ([[0.3]], (1,), 0.7),
        ([[1, 1], [2, 2]], (3, 3), 4),  # nested: the inner one adds nothing
        ([[1, 2], [2, 1]], (3, 3), 2 + 2 - 1),
        ([[0, 0, 1], [0, 1, 0], [1, 0, 0]], (2, 2, 2), 3 * 4 - 3 * 2 + 1),  # inclusion-exclusion
        ([[1, 2], [1, 2], [2, 1], [2, 1]], (3, 3), 3),  # duplicates
        ([[1, 2], [1, 1]], (3, 3), 4),  # equal in one cost
    ],
)
def test_small_sets(costs, reference, volume):
    assert hypervolume(costs, reference) == pytest.approx(volume, abs=1e-15)


@pytest.mark.parametrize("beyond", [[0, 3, 0], [5, 0, 0], [0, 0, 3], [9, 9, 9], [math.nan, 0, 0]])
def test_a_point_not_below_the_reference_adds_nothing(beyond):
    assert hypervolume([[1, 1, 1], beyond], (3, 3, 3)) == 8
    assert hypervolume([beyond], (3, 3, 3)) == 0


def test_a_point_needs_as_many_costs_as_the_reference():
    with pytest.raises(ValueError, match="reshape"):
        hypervolume([[0, 0, 0], [1, 1, 1]], (2, 2))


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_neither_the_order_of_points_nor_that_of_costs_matters(objectives):
    points = np.random.default_rng(objectives).random((12, objectives))
    reference = np.linspace(0.8, 1.2, objectives)
    volume = hypervolume(points, reference)
    assert volume > 0.1
    assert hypervolume(points[::-1], reference) == pytest.approx(volume, rel=1e-12)
    for order in itertools.permutations(range(objectives)):
        swapped = hypervolume(points[:, order], reference[list(order)])
        assert swapped == pytest.approx(volume, rel=1e-12)


def test_units_and_origin_scale_the_volume():
    """HV(a + b x; a + b r) = product of b times HV(x; r)."""
    points, unit = np.random.default_rng(1).random((20, 3)), np.array([2.0, 0.1, 30.0])
    moved = hypervolume(5 + unit * points, 5 + unit)
    assert moved == pytest.approx(unit.prod() * hypervolume(points, UNIT), rel=1e-12)


@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize(("power", "volume"), [(0.5, 2 / 3), (2, 1 / 3)])
def test_zdt1_and_zdt2(power, volume, n):
    """f2 = 1 - f1^a below (1, 1): integral of f1^a = 1 / (1 + a); n points miss up to 1 / n."""
    first = np.arange(n + 1) / n
    covered = hypervolume(np.column_stack([first, 1 - first**power]), (1, 1))
    assert covered == pytest.approx(np.sum(first[:-1] ** power) / n, rel=1e-12)
    assert volume - 1 / n <= covered < volume


@pytest.mark.parametrize("n", [3, 12, 24])
def test_dtlz1_is_a_plane(n):
    """f1 + f2 + f3 = 1/2 below (1/2, 1/2, 1/2): cube less corner, (1 - 1/6) / 8.

    The lattice of n steps covers the cells (a, b, c) with a + b + c >= n of n^3.
    """
    lattice = [
        (i / n / 2, j / n / 2, (n - i - j) / n / 2) for i in range(n + 1) for j in range(n + 1 - i)
    ]
    covered = hypervolume(lattice, (0.5, 0.5, 0.5))
    assert covered == pytest.approx((1 - math.comb(n + 2, 3) / n**3) / 8, rel=1e-12)
    assert (1 - 1 / 6 - 1 / n) / 8 < covered < (1 - 1 / 6) / 8


@pytest.mark.parametrize("n", [8, 32])
def test_dtlz2_is_an_octant_of_the_sphere(n):
    """f1^2 + f2^2 + f3^2 = 1 below (1, 1, 1): 1 - pi / 6, from below with error < 2 / n.

    Grid points outside the circle get f3 = 0: the front dominates them.
    """
    f1, f2 = np.meshgrid(np.arange(n) / n, np.arange(n) / n)
    f3 = np.sqrt(np.maximum(1 - f1**2 - f2**2, 0))
    covered = hypervolume(np.column_stack([f1.ravel(), f2.ravel(), f3.ravel()]), UNIT)
    assert covered == pytest.approx(np.mean(1 - f3), rel=1e-12)
    assert 1 - math.pi / 6 - 2 / n < covered < 1 - math.pi / 6


@pytest.mark.parametrize(("objectives", "count"), [(2, 200), (3, 100), (4, 25), (5, 12)])
def test_agrees_with_optuna(objectives, count):
    """Another implementation, by other algorithms, on random points."""
    optuna = pytest.importorskip("optuna._hypervolume")
    points = np.random.default_rng(count).random((count, objectives))
    reference = np.full(objectives, 1.1)
    expected = optuna.compute_hypervolume(points, reference)
    assert hypervolume(points, reference) == pytest.approx(expected, rel=1e-12)

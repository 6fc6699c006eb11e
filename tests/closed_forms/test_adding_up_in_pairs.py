"""Sums of a day by anchor are NumPy's, to the bit."""

import numpy as np
import pytest

from engine.jit import kernel
from engine.market.totals import add_up_in_pairs


@kernel
def total(values):
    return add_up_in_pairs(values)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15, 127, 128, 129, 136, 1000, 1001, 4099])
def test_the_bits_are_those_of_numpy(count):
    values = np.random.default_rng(count).lognormal(0.0, 9.0, count)
    assert total(values) == values.sum()


def test_a_plain_sum_would_not_do():
    values = np.random.default_rng(1).lognormal(0.0, 9.0, 1000)
    assert total(values) != sum(values.tolist())

"""Returned orders: P = base * exp(-slope * (quality - pivot)) * category factor, at most 1."""

import math

from engine.jit import rule


@rule
def return_probability(quality, base, slope, pivot, category_factor):
    """Probability that an accepted order comes back."""
    return min(1.0, base * math.exp(-slope * (quality - pivot)) * category_factor)

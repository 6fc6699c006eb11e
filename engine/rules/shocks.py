"""Aggregate demand that nobody controls: a factor on serious looks, with mean 1 on every day.

ln factor(t) = w(t) + m(t) - (var w(t) + var m(t)) / 2
w(t) = (1 - u) x_k + u x_(k+1), u the share passed of the way from knot k to the next
x_k  = persistence * x_(k-1) + sd * sqrt(1 - persistence^2) * e_k,   e_k standard normal

w has a knot a week, m one a month, each a stationary AR(1): corr(x_k, x_(k+j)) is
persistence^j (Hamilton, Time Series Analysis, 1994, sec. 3.4). Half-way between two knots

var w(t) = sd^2 (1 - 2 u (1 - u) (1 - persistence))

is below sd^2. What is taken off is the variance of that very day, so that the factor's mean is
exactly 1 (of a lognormal) on every day, on knots and between them.
"""

import math

from engine.jit import rule


@rule
def next_knot(last, sd, persistence, draw):
    """The knot after one of value `last`, in ln; `draw` standard normal."""
    return persistence * last + sd * math.sqrt(1.0 - persistence * persistence) * draw


@rule
def between_knots(before, after, passed):
    """The ln level where a share `passed` of the way to the next knot lies behind."""
    return (1.0 - passed) * before + passed * after


@rule
def variance_between(sd, persistence, passed):
    """Variance of the ln level there."""
    return sd * sd * (1.0 - 2.0 * passed * (1.0 - passed) * (1.0 - persistence))


@rule
def demand_factor(level, variance):
    """Factor on serious looks at a ln level that is normal with mean 0 and `variance`."""
    return math.exp(level - variance / 2.0)

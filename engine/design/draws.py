"""Uniform and normal draws of any shape from the named random streams of `engine.rng`."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.population.draws import uniforms
from engine.rng import Purpose

_Floats = NDArray[np.float64]

_EDGE = 1e-12
"""Nearest that `open_unit` lets a number come to 0 or 1."""


def uniform_draws(seed: int, purpose: Purpose, shape: tuple[int, ...], draw: int = 0) -> _Floats:
    """Return uniforms on [0, 1), of the given shape, float64.

    Parameters
    ----------
    seed, purpose, draw
        Name the stream: equal names give equal numbers.
    shape
        Filled with the last axis running fastest.
    """
    return uniforms(seed, purpose, math.prod(shape), draw).reshape(shape)


def normal_draws(seed: int, purpose: Purpose, shape: tuple[int, ...], draw: int = 0) -> _Floats:
    """Return standard normals, of the given shape, float64, by inversion of `uniform_draws`.

    Parameters
    ----------
    seed, purpose, draw
        Name the stream: equal names give equal numbers.
    shape
        Filled with the last axis running fastest.
    """
    from scipy.special import ndtri  # a tenth of a second, for searches and calibrations alone

    return np.asarray(ndtri(open_unit(uniform_draws(seed, purpose, shape, draw))))


def open_unit(levels: _Floats) -> _Floats:
    """Return numbers of [0, 1] moved off both ends by 1e-12, so that quantiles are finite.

    Parameters
    ----------
    levels
        float64 of any shape, which the result keeps.
    """
    return np.asarray(np.clip(levels, _EDGE, 1 - _EDGE))

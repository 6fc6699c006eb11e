"""Draws of whole columns from the named streams, for set-up that runs once."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engine.rng import MASK, Purpose, key

Floats = NDArray[np.float64]
_ENTITY, _DRAW = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03


def uniforms(seed: int, purpose: Purpose, count: int, draw: int = 0) -> Floats:
    """`count` uniforms on [0, 1): element i is `rng.uniform64(key, i, draw)`."""
    start = np.uint64((int(key(seed, purpose)) + draw * _DRAW) & MASK)
    with np.errstate(over="ignore"):
        z = start + np.arange(count, dtype=np.uint64) * np.uint64(_ENTITY)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=64)  # a search draws the same world thousands of times
def normals(seed: int, purpose: Purpose, count: int, draw: int = 0) -> Floats:
    """Standard normals by inversion of `uniforms`; not to be written to."""
    quantile = NormalDist().inv_cdf
    draws = np.clip(uniforms(seed, purpose, count, draw), 1e-12, 1 - 1e-12)
    return _frozen(np.array([quantile(u) for u in draws]))


@lru_cache(maxsize=8)
def normal_quantiles(count: int) -> Floats:
    """The `count` mid-point quantiles of the standard normal, rising; not to be written to."""
    quantile = NormalDist().inv_cdf
    return _frozen(np.array([quantile((k + 0.5) / count) for k in range(count)]))


def _frozen(column: Floats) -> Floats:
    column.flags.writeable = False
    return column


def categories(draws: Floats, shares: tuple[float, ...]) -> NDArray[np.uint8]:
    """Category numbers with the given shares (any positive total) from uniforms."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges / edges[-1], draws, side="right").astype(np.uint8)

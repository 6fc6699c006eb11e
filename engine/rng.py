"""Randomness as a function of names: (seed, purpose, day, slot, entity, draw).

No generator object travels. A *stream* is the 64-bit key of one named purpose at
one time; a *draw* mixes the key with the entity's number by the finaliser of
SplitMix64 (Steele, Lea & Flood, OOPSLA 2014):

    z = key + entity * 0x9E3779B97F4A7C15 + draw * 0xD1B54A32D192ED03
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9
    z = (z ^ z >> 27) * 0x94D049BB133111EB
    bits = z ^ z >> 31

so the same names give the same bits whatever the order, threads or shards, and two
policies under one seed meet the same random numbers.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numba import njit

from engine.jit import primitive

MASK: Final = (1 << 64) - 1
_ENTITY = np.uint64(0x9E3779B97F4A7C15)
_DRAW = np.uint64(0xD1B54A32D192ED03)
_MULTIPLIER1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S40, _S11 = (np.uint64(shift) for shift in (30, 27, 31, 40, 11))
_TO_FLOAT32 = np.float32(2.0**-24)
_TO_FLOAT64 = 2.0**-53


class Purpose(IntEnum):
    """What a random number is for; one value, one independent stream."""

    # world seed
    BUYER_TRAITS = 1
    BUYER_FOLLOWS = 2
    BUYER_HISTORY = 3
    ANCHOR = 10
    SUPPLIER = 11
    GOOD = 12
    # run seed
    VISIT = 20
    ROUTE = 21
    LOOK = 22
    CHOICE = 23
    RATION_COUPON = 24
    RATION_STOCK = 25
    RETURN = 26
    FOLLOW = 27
    LIVE = 30
    SHOWCASE = 31
    DEMAND_WEEK = 32
    DEMAND_MONTH = 33
    # derived seeds
    REPLICATION = 40
    TRIAL = 41
    FRESH = 42
    SELECTION = 43
    BENCHMARK = 44


def _mix(value: int) -> int:
    """The finaliser in plain Python integers, for keys made once per day."""
    value &= MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


def key(seed: int, purpose: Purpose, *numbers: int) -> np.uint64:
    """The key of the stream named by (seed, purpose, numbers...).

    Returned as `np.uint64`: a plain int would become int64 in a kernel and half its
    uniforms would be lost.
    """
    value = _mix(seed)
    for number in (int(purpose), *numbers):
        value = _mix(value + 0x9E3779B97F4A7C15 * (number + 1))
    return np.uint64(value)


@primitive
def _mixed(z):
    """`_mix` in 64-bit words."""
    z = (z ^ (z >> _S30)) * _MULTIPLIER1
    z = (z ^ (z >> _S27)) * _MULTIPLIER2
    return z ^ (z >> _S31)


@njit(cache=True)
def extend(streams, numbers, keys):
    """Write into `keys` the keys of `streams` with `numbers` (int64) added to their names."""
    for k in range(streams.size):
        value = streams[k]
        for number in numbers:
            value = _mixed(value + _ENTITY * np.uint64(number + 1))
        keys[k] = value


def from_entity(stream: int | np.uint64, first: int) -> np.uint64:
    """A stream whose entity 0 draws what entity `first` draws in `stream`, and so on.

    The number of an entity only moves the start of a draw, so that who holds the entities from
    `first` on may count them from 0.
    """
    return np.uint64((int(stream) + first * int(_ENTITY)) & MASK)


def derive_seed(seed: int, purpose: Purpose, *numbers: int) -> int:
    """A new seed below 2**63 (it must fit a Parquet int64)."""
    return int(key(seed, purpose, *numbers)) >> 1


@njit(inline="always")
def bits(stream, entity, draw):
    """64 random bits of `entity` (int >= 0), `draw` (int >= 0) in `stream` (uint64)."""
    return _mixed(np.uint64(stream) + np.uint64(entity) * _ENTITY + np.uint64(draw) * _DRAW)


@njit(inline="always")
def uniform(stream, entity, draw):
    """A float32 uniform on [0, 1) with 24 bits."""
    # By way of a signed number: processors convert no unsigned ones.
    return np.float32(np.int32(bits(stream, entity, draw) >> _S40)) * _TO_FLOAT32


@njit(inline="always")
def uniform64(stream, entity, draw):
    """A float64 uniform on [0, 1) with 53 bits, for events that happen once."""
    return np.float64(bits(stream, entity, draw) >> _S11) * _TO_FLOAT64

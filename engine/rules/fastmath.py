"""exp, ln and powers in float32 from additions and multiplications: the same bits everywhere.

Coefficients of the Cephes library (Moshier 1989). Without a branch, so that a loop over
them is vectorised.
"""

import numpy as np

from engine.jit import primitive, rule

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_LOWEST = np.float32(-87.0)
_HIGHEST = np.float32(88.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_C2 = np.float32(0.5)
_C3 = np.float32(1.6666665459e-1)
_C4 = np.float32(4.1665795894e-2)
_C5 = np.float32(8.3334519073e-3)
_C6 = np.float32(1.3981999507e-3)
_C7 = np.float32(1.9875691500e-4)
_BIAS = np.int32(127)
_MANTISSA_BITS = np.int32(23)

_ROOT_HALF = np.int32(0x3F3504F3)
"""Bits of the float32 nearest to the square root of a half."""
_SMALLEST = np.float32(1.1754944e-38)
_ZERO = np.float32(0.0)
_L0 = np.float32(3.3333331174e-1)
_L1 = np.float32(-2.4999993993e-1)
_L2 = np.float32(2.0000714765e-1)
_L3 = np.float32(-1.6668057665e-1)
_L4 = np.float32(1.4249322787e-1)
_L5 = np.float32(-1.2420140846e-1)
_L6 = np.float32(1.1676998740e-1)
_L7 = np.float32(-1.1514610310e-1)
_L8 = np.float32(7.0376836292e-2)


@primitive
def exp32(x):
    """e^x for float32 x, clipped to [-87, 88]; relative error below 2e-7.

    x = n ln 2 + r, |r| <= ln 2 / 2; e^x = 2^n (1 + r + r^2 P(r)).
    """
    x = min(max(x, _LOWEST), _HIGHEST)
    n = np.floor(x * _LOG2_E + _HALF)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    power = np.int32((np.int32(n) + _BIAS) << _MANTISSA_BITS).view(np.float32)
    return (p * r * r + r + _ONE) * power


@primitive
def log32(x):
    """Ln x for float32 x, at least 2^-126; error below 1e-7 of the larger of |ln x| and 0.1.

    x = 2^n (1 + r), sqrt(1/2) <= 1 + r < sqrt(2); ln x = n ln 2 + r - r^2 / 2 + r^3 P(r).
    """
    word = np.float32(max(x, _SMALLEST)).view(np.int32)
    n = (word - _ROOT_HALF) >> _MANTISSA_BITS
    r = np.int32(word - (n << _MANTISSA_BITS)).view(np.float32) - _ONE
    p = (((_L8 * r + _L7) * r + _L6) * r + _L5) * r + _L4
    p = (((p * r + _L3) * r + _L2) * r + _L1) * r + _L0
    power = np.float32(n)
    return r + (p * r * r * r + power * _LN2_LOW - _HALF * r * r) + power * _LN2_HIGH


@rule
def pow32(x, power):
    """x^power for float32 x >= 0 and power >= 0; relative error below 2e-7 (1 + |power ln x|)."""
    raised = exp32(power * log32(x))
    return raised if x > _ZERO or power == _ZERO else _ZERO

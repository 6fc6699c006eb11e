"""exp in float32 from additions and multiplications, the same bits on every machine."""

import numpy as np

from engine.jit import rule

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


@rule
def exp32(x):
    """e^x for float32 x, clipped to [-87, 88]; relative error below 2e-7.

    x = n ln 2 + r, |r| <= ln 2 / 2; e^x = 2^n (1 + r + r^2 P(r)), coefficients of the
    Cephes library (Moshier 1989).
    """
    x = min(max(x, _LOWEST), _HIGHEST)
    n = np.floor(x * _LOG2_E + _HALF)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    power = np.int32((np.int32(n) + _BIAS) << _MANTISSA_BITS).view(np.float32)
    return (p * r * r + r + _ONE) * power

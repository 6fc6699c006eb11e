"""How rules and kernels are compiled.

`rule`: a small scalar function, inlined where it is used. `kernel`: a loop over
arrays that releases the GIL and is kept in the compile cache. Neither uses fastmath,
so that the same names give the same bits on every machine.
"""

from numba import njit

rule = njit(inline="always", error_model="numpy")
kernel = njit(nogil=True, cache=True, error_model="numpy")
step = njit(error_model="numpy")
"""A part of a kernel that works on arrays; compiled into the kernels that call it."""

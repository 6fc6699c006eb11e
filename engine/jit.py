"""How rules and kernels are compiled.

`rule`: a small scalar function, inlined where it is used. `step`: a part of a kernel that
works on arrays, compiled into the kernels that call it. `kernel`: a loop over arrays that
releases the GIL and is kept in the compile cache. None uses fastmath, so that the same
names give the same bits on every machine.

Kernels and steps own no memory (`_nrt=False`): they work in arrays that are passed in.
With Numba's reference counts on, each array of a named tuple is counted up and down by
atomic instructions whenever a step is called, ten times the cost of the work itself.
"""

from numba import njit

rule = njit(inline="always", error_model="numpy")
step = njit(inline="always", error_model="numpy", _nrt=False)  # type: ignore[call-overload]
kernel = njit(nogil=True, cache=True, error_model="numpy", _nrt=False)  # type: ignore[call-overload]

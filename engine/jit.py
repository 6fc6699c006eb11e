"""How rules and kernels are compiled.

`rule`: a small scalar function, inlined where it is used. `step`: a part of a kernel that
works on arrays, compiled into the kernels that call it. `stage`: one short loop over a strip
of sessions, compiled by itself, so that the compiler sees few arrays at a time. `kernel`: a
loop over arrays that releases the GIL and is kept in the compile cache. None uses fastmath,
so that the same names give the same bits on every machine.

Kernels, stages and steps own no memory (`_nrt=False`): they work in arrays that are passed in.
With Numba's reference counts on, each array of a named tuple is counted up and down by
atomic instructions whenever a step is called, ten times the cost of the work itself.
"""

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

rule = njit(inline="always", error_model="numpy", cache=True)
step = njit(inline="always", error_model="numpy", _nrt=False)  # type: ignore[call-overload]
# Only kernels call a stage: ways in for Python and C would cost a third of its compilation.
stage = njit(  # type: ignore[call-overload]
    error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
kernel = njit(nogil=True, cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)  # type: ignore[call-overload]


@intrinsic
def prefetch(typing_context, array, index):  # noqa: ARG001 - Numba passes both
    """Ask for the memory of `array[index]`, 1-D, without waiting; changes nothing.

    A processor keeps some twenty requests to memory under way, but looks only some hundred
    instructions ahead: whoever knows early what a later loop will read says so.
    """

    def codegen(context, builder, signature, args):
        kind = signature.args[0]
        struct = context.make_array(kind)(context, builder, args[0])
        place = cgutils.get_item_pointer(context, builder, kind, struct, [args[1]])
        i32, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        law = ir.FunctionType(ir.VoidType(), [pointer, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, law, "llvm.prefetch.p0i8")
        read, keep, data = (ir.Constant(i32, value) for value in (0, 3, 1))
        builder.call(function, [builder.bitcast(place, pointer), read, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.uintp), codegen

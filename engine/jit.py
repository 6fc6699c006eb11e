"""How rules and kernels are compiled.

`rule`: a small scalar function, inlined where it is used. `primitive`: one that is used all over,
compiled by itself before it is inlined. `step`: a part of a kernel that works on arrays, compiled
into the kernels that call it. `stage`: one short loop over a strip of sessions, or the work on one
order, compiled by itself, so that the compiler sees few arrays at a time. `kernel`: a loop over
arrays that releases the GIL and is kept in the compile cache. None uses fastmath, so that the same
names give the same bits on every machine.

Kernels, stages and steps own no memory (`_nrt=False`): they work in arrays that are passed in.
With Numba's reference counts on, each array of a named tuple is counted up and down by
atomic instructions whenever a step is called, ten times the cost of the work itself.

From Python a kernel is handed records of arrays (named tuples) whole, and Numba looks at each
array of each record at every call: a quarter of a microsecond, hundreds of times a day. A record
that stays what it is can be sealed once (`seal`): a kernel takes a sealed record wherever it takes
the record itself, for the price of one array. Compiled code hands on its address and reads a field
where it is named: what hands on hundreds of numbers takes long to compile. A kernel that is handed
a sealed record within a tuple may put another into its place (`store`), for the kernels after it.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, typeof, types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import TypingError
from numba.core.imputils import lower_getattr_generic
from numba.core.registry import cpu_target
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import box, intrinsic, models, register_model
from numba.np.numpy_support import as_dtype

rule = njit(inline="always", error_model="numpy", cache=True)
step = njit(inline="always", error_model="numpy", _nrt=False)  # type: ignore[call-overload]
primitive = njit(forceinline=True, error_model="numpy")
# Only kernels call a stage: ways in for Python and C would cost a third of its compilation.
stage = njit(  # type: ignore[call-overload]
    error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
_entry = njit(nogil=True, cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)  # type: ignore[call-overload]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over arrays that Python calls, with its records sealed or not."""
    if DISABLE_JIT:  # of rules alone: a market's kernels are not run like that
        return function
    code = function.__code__
    entry = _entry_of(code.co_varnames[: code.co_argcount], step(function))
    # Numba caches by the code's file and line, and forgets a function that closes over others.
    entry.__code__ = entry.__code__.replace(
        co_filename=code.co_filename, co_firstlineno=code.co_firstlineno, co_name=code.co_name
    )
    entry.__name__, entry.__qualname__ = function.__name__, function.__qualname__
    entry.__module__, entry.__doc__ = function.__module__, function.__doc__
    compiled = _entry(entry)
    compiled.__wrapped__ = function
    return compiled


def step_of(called: Any) -> Any:
    """The work of a kernel as a step, for kernels that do several kernels' work in one call.

    Not as a stage: LLVM goes through all that is compiled into a function once more for each
    function that this one is compiled into.
    """
    return called if DISABLE_JIT else step(called.__wrapped__)


def _entry_of(names: Sequence[str], body: Any) -> Any:
    """What Python calls in place of a kernel; `body` is compiled into it, once.

    Numba puts a function into another only where it is called with as many arguments as it names,
    so that this one is written for its number of them.
    """
    opened = ", ".join(f"records[{place}]" for place in range(len(names)))
    scope = {"body": body, "opened": _opened}
    exec(
        f"def entry({', '.join(names)}):\n"
        f"    records = opened(({', '.join(names)},))\n"
        f"    return body({opened})\n",
        scope,
    )
    return scope["entry"]


_PYTHONS, _SIZE, _DATA, _SHAPE, _STRIDES = 1, 2, 4, 5, 6
"""Places of an array in compiled code: Python's own array, its size, address, shape and strides."""


_CODES = {
    "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u8": "Q", "u4": "I", "u2": "H", "u1": "B",
    "f8": "d", "f4": "f", "b1": "?",
}  # fmt: skip
"""Of a number in memory, by NumPy's name of its type."""


def _form_of(kind: types.Type) -> str:
    """What a value of type `kind` is in memory, in codes of `struct`.

    LLVM lays out its numbers as C does, which `struct` follows but within a tuple: that begins and
    ends where its widest number may stand.
    """
    if isinstance(kind, types.Array):
        # What counts its owners (nothing does), Python's array, size, bytes of an item, address.
        return "QQqqQ" + 2 * kind.ndim * "q"
    if isinstance(kind, types.BaseTuple):
        form = "".join(map(_form_of, kind.types))  # type: ignore[attr-defined]
        edge = "0" + max(form.replace("0", ""), key=struct.calcsize)
        return edge + form + edge
    return _CODES[as_dtype(kind).str[1:]]


class _Layout:
    """Where the numbers of records of one type lie in memory, as compiled code reads them."""

    def __init__(self, kind: types.Type) -> None:
        self.kind = kind
        self._form = struct.Struct(_form_of(kind))
        self.words_count = -(-self._form.size // 8)

    def write(self, record: Any, sealed: Any) -> None:
        """Write a record of this type into the array that holds it."""
        self._form.pack_into(sealed, 0, *_numbers_of(record))


def _numbers_of(record: Iterable[Any]) -> Iterator[Any]:
    """The numbers of a record, and those that its arrays are to compiled code."""
    for value in record:
        if isinstance(value, tuple):
            yield from _numbers_of(value)
        elif isinstance(value, np.ndarray):
            yield from (0, id(value), value.size, value.itemsize, value.ctypes.data)
            yield from value.shape + value.strides
        else:
            yield value


_SEALED: dict[str, tuple[_Layout, Any]] = {}
"""By name of a sealed type: the layout of the record, and the dtype of what holds it."""
_SEALED_AS: dict[Any, tuple[_Layout, Any]] = {}
"""The same by what `_signature_of` tells of a record, far sooner than Numba finds its type."""


def seal(record: Any) -> Any:
    """A named tuple as kernels read it, in one array that only kernels understand.

    Its arrays are not copied: whoever holds the sealed record must hold the record too, and what
    is written into an array is seen in both.
    """
    signature = _signature_of(record)
    if signature not in _SEALED_AS:
        kind = typeof(record)
        name, layout = _name_of(kind), _Layout(kind)
        as_held = layout, np.dtype([(name, np.uint64, (layout.words_count,))])
        _SEALED_AS[signature] = _SEALED.setdefault(name, as_held)
    layout, dtype = _SEALED_AS[signature]
    sealed = np.zeros(1, dtype)
    layout.write(record, sealed)
    return sealed


def _signature_of(value: Any) -> Any:
    """What Numba makes the type of a value from; records of one signature are of one type.

    But for whole numbers of 2^63 and more, which no record of a market holds.
    """
    if isinstance(value, tuple):
        return type(value), *map(_signature_of, value)
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num
    return type(value)


def _name_of(kind: types.Type) -> str:
    """A short name of a named tuple's type: Numba's own holds that of each array."""
    text = hashlib.blake2b(str(kind).encode(), digest_size=8).hexdigest()
    return f"{kind.instance_class.__name__}-{text}"  # type: ignore[attr-defined]


def seal_again(sealed: Any, record: Any) -> Any:
    """Seal another record of the same types in the place of an earlier one; returns `sealed`.

    By compiled code, which takes a while to compile and a third of the time.
    """
    _write(sealed, record)
    return sealed


@intrinsic
def _store(typing_context, sealed, record):  # noqa: ARG001 - Numba passes both
    """Write a record into an array that holds such records."""
    if _kind_within(sealed) != record:
        raise TypingError(f"sealed was {_kind_within(sealed)}, not {record}")

    def codegen(context, builder, signature, args):  # noqa: ARG001 - Numba passes all
        address = _address_of(context, builder, sealed, args[0])
        builder.store(args[1], _record_at(context, builder, record, address))
        return context.get_dummy_value()

    return types.void(sealed, record), codegen


@step
def store(sealed, record):
    """Seal `record` in the place of an earlier one of the same types, from within a kernel.

    `sealed` as its kernel was handed it within a tuple; no kernel also reads what it stores.
    """
    _store(sealed, record)


@_entry
def _write(sealed, record):
    _store(sealed, record)


def _address_of(context, builder, kind, sealed):
    """Where the record lies that a value of type `kind` holds."""
    array = context.make_array(kind)(context, builder, sealed)
    return builder.bitcast(array.data, cgutils.voidptr_t)


def _record_at(context, builder, kind, address):
    """A pointer to the record of type `kind` at an address."""
    return builder.bitcast(address, context.get_value_type(kind).as_pointer())


@intrinsic
def _opened(typing_context, values):  # noqa: ARG001 - Numba passes both
    """A tuple with the records in place of the sealed ones; what is not sealed stays itself."""
    opened = types.Tuple(list(map(_opened_kind, values)))

    def codegen(context, builder, signature, args):
        found = []
        for place, (given, kind) in enumerate(zip(values, opened, strict=True)):
            value = builder.extract_value(args[0], place)
            if kind != given:
                value = _address_of(context, builder, given, value)
            found.append(value)
        return context.make_tuple(builder, signature.return_type, found)

    return opened(values), codegen


def _opened_kind(kind):
    """The type of what a value of type `kind` is opened to."""
    found = _kind_within(kind)
    return kind if found == kind else _Record(found)


def _kind_within(kind):
    """The type of the record that is sealed in a value of type `kind`, else `kind`."""
    if isinstance(kind, types.Array) and isinstance(kind.dtype, types.Record):
        found = _SEALED.get(next(iter(kind.dtype.fields)))
        return found[0].kind if found else kind
    return kind


class _Record(types.Type):
    """A sealed record of type `kind` in compiled code: its address."""

    def __init__(self, kind: types.Type) -> None:
        self.kind = kind
        super().__init__(_name_of(kind))


register_model(_Record)(models.OpaqueModel)


@infer_getattr
class _Fields(AttributeTemplate):
    """What a field of an open record is: itself, or in place of a record its address."""

    key = _Record

    def generic_resolve(self, record, name):
        if name in record.kind.fields:
            kind = record.kind[record.kind.fields.index(name)]
            return _Record(kind) if isinstance(kind, types.BaseNamedTuple) else kind
        return None


def _part_of(value: ir.Type, place: int) -> tuple[ir.Type, int]:
    """The type of one part of a tuple, `value` to LLVM, and its offset in bytes."""
    memory = cpu_target.target_context.target_data
    if isinstance(value, ir.ArrayType):
        return value.element, place * value.element.get_abi_size(memory)
    return value.elements[place], value.get_element_offset(memory, place)


@lower_getattr_generic(_Record)
def _field(context, builder, record, address, name):
    """The field `name` of an open record: read when it is asked for, since few of them are."""
    place = record.kind.fields.index(name)
    kind, passed = _part_of(context.get_value_type(record.kind), place)
    field = builder.gep(address, [ir.IntType(64)(passed)], inbounds=True)
    if isinstance(record.kind[place], types.BaseNamedTuple):
        return field
    pointer = builder.bitcast(field, kind.as_pointer())
    if isinstance(record.kind[place], types.Array):
        return _load_array(context, builder, record.kind[place], pointer)
    return _load(builder, pointer)


def _load_array(context, builder, kind, pointer):
    """Load of an array what its type does not tell."""
    itemsize = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    known = [None, *2 * [ir.Undefined], itemsize, *3 * [ir.Undefined]]
    unknown = [_PYTHONS, _SIZE, _DATA, _SHAPE, _STRIDES]
    if is_row := kind.ndim == 1 and kind.layout == "C":
        known[_STRIDES] = [itemsize]
        unknown = [_PYTHONS, _SIZE, _DATA]
    parts = zip(pointer.type.pointee.elements, known, strict=True)
    whole = ir.Constant(pointer.type.pointee, [ir.Constant(*part) for part in parts])
    for place in unknown:
        value = _load(builder, cgutils.gep_inbounds(builder, pointer, 0, place))
        whole = builder.insert_value(whole, value, place)
        if is_row and place == _SIZE:
            whole = builder.insert_value(whole, value, (_SHAPE, 0))
    return whole


@box(_Record)
def _given_back(record, address, python):
    """The record as Python knows it, for a kernel that returns it."""
    pointer = _record_at(python.context, python.builder, record.kind, address)
    return python.box(record.kind, _load(python.builder, pointer))


def _load(builder, pointer):
    """Load number by number what no kernel changes while it reads: loops read it once."""
    kind = pointer.type.pointee
    if not isinstance(kind, ir.LiteralStructType | ir.ArrayType):
        number = builder.load(pointer)
        number.set_metadata("invariant.load", builder.module.add_metadata([]))
        return number
    whole, zero = ir.Constant(kind, ir.Undefined), ir.IntType(32)(0)
    for place in range(len(kind)):
        part = builder.gep(pointer, [zero, ir.IntType(32)(place)], inbounds=True)
        whole = builder.insert_value(whole, _load(builder, part), place)
    return whole


@intrinsic
def prefetch(typing_context, array, index):  # noqa: ARG001 - Numba passes both
    """Ask for the memory of `array.flat[index]` without waiting; changes nothing.

    A processor keeps some twenty requests to memory under way, but looks only some hundred
    instructions ahead: whoever knows early what a later loop will read says so.
    """

    def codegen(context, builder, signature, args):
        kind = signature.args[0]
        struct = context.make_array(kind)(context, builder, args[0])
        place = cgutils.gep(builder, struct.data, args[1])
        i32, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        law = ir.FunctionType(ir.VoidType(), [pointer, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, law, "llvm.prefetch.p0i8")
        read, keep, data = (ir.Constant(i32, value) for value in (0, 3, 1))
        builder.call(function, [builder.bitcast(place, pointer), read, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.uintp), codegen

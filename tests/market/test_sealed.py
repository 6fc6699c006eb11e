"""Records sealed for kernels are the records: same arrays, same numbers, same types."""

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, typeof
from numba.core.errors import TypingError
from numpy.typing import NDArray

from engine import jit
from engine.jit import kernel, seal, seal_again, store
from engine.market.run import simulate
from engine.market.scratch import _MarketRecords
from tests.worlds import case


@pytest.fixture(autouse=True)
def _not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's compile cache must not name a class of the tests: users have none."""
    monkeypatch.setattr(jit, "_write", njit(jit._write.py_func))


class Row(NamedTuple):
    """Two columns and a number."""

    wide: NDArray[np.float64]
    narrow: NDArray[np.uint8]
    factor: float


@kernel
def scale(row, by):
    """Multiply the wide column in place; returns the sum of both columns."""
    total = 0.0
    for k in range(row.wide.size):
        row.wide[k] *= by * row.factor
        total += row.wide[k] + row.narrow[k]
    return total


def row(factor: float) -> Row:
    return Row(np.arange(3.0), np.arange(3, dtype=np.uint8), factor)


def test_a_kernel_takes_a_record_sealed_or_not():
    open_row, sealed_row = row(2.0), row(2.0)
    assert scale(open_row, 3.0) == scale(seal(sealed_row), 3.0) == 21.0
    assert np.array_equal(open_row.wide, sealed_row.wide)


def test_what_is_written_later_is_seen():
    one = row(1.0)
    sealed = seal(one)
    one.wide[:] = 5.0
    assert scale(sealed, 1.0) == 18.0


def test_numbers_are_those_of_the_last_sealing():
    one = row(1.0)
    sealed = seal(one)
    assert seal_again(sealed, one._replace(factor=4.0)) is sealed
    assert scale(sealed, 1.0) == 15.0


def test_a_record_of_another_type_is_refused():
    sealed = seal(row(1.0))
    with pytest.raises(TypingError, match="sealed was"):
        seal_again(sealed, row(1.0)._replace(factor=np.float32(1.0)))


class Table(NamedTuple):
    """One table."""

    cells: NDArray[np.float64]


class Other(NamedTuple):
    """A table by another name."""

    cells: NDArray[np.float64]


def layouts() -> dict[str, NamedTuple]:
    """Records that compiled code reads differently, however like one another they are."""
    cells = np.arange(6.0).reshape(2, 3)
    fixed = cells.copy()
    fixed.flags.writeable = False
    return {
        "rows": Table(cells),
        "columns": Table(np.asfortranarray(cells)),
        "strided": Table(np.arange(12.0).reshape(2, 6)[:, ::2]),
        "fixed": Table(fixed),
        "narrow": Table(cells.astype(np.float32)),
        "flat": Table(cells.reshape(-1)),
        "other": Other(cells),
        "number": Table(7.0),
        "whole": Table(7),
    }


def test_only_records_of_one_type_are_sealed_alike():
    sealed = {name: seal(record) for name, record in layouts().items()}
    assert len({str(one.dtype) for one in sealed.values()}) == len(sealed)
    again = {name: seal(record) for name, record in layouts().items()}  # found by their signatures
    assert {name: one.dtype for name, one in again.items()} == {
        name: one.dtype for name, one in sealed.items()
    }
    for name, record in layouts().items():
        kind, _ = jit._SEALED[next(iter(sealed[name].dtype.fields))]
        assert kind.kind == typeof(record)


class Inner(NamedTuple):
    """Numbers that leave gaps."""

    flag: bool
    wide: float


class Mixed(NamedTuple):
    """Numbers of all widths, in an order that leaves gaps, and tuples of them."""

    byte: np.uint8
    inner: Inner
    single: np.float32
    pair: tuple[float, float]
    short: np.int16
    table: NDArray[np.float32]
    word: np.uint64
    truth: np.bool_
    whole: int
    number: np.int32


@kernel
def read_mixed(mixed, found):
    """Write every number of the record into `found`."""
    found[0], found[1], found[2] = mixed.byte, mixed.inner.flag, mixed.inner.wide
    found[3], found[4], found[5] = mixed.single, mixed.pair[0], mixed.pair[1]
    found[6], found[7], found[8] = mixed.short, mixed.table[1, 2], mixed.table.shape[1]
    found[9], found[10], found[11] = mixed.word >> np.uint64(60), mixed.truth, mixed.whole
    found[12] = mixed.number


MIXED = Mixed(
    byte=np.uint8(200),
    inner=Inner(True, -2.5),
    single=np.float32(0.75),
    pair=(3.0, 4.0),
    short=np.int16(-5),
    table=np.arange(6, dtype=np.float32).reshape(2, 3),
    word=np.uint64(2**63 + 2**60),
    truth=np.bool_(True),
    whole=-(2**40),
    number=np.int32(-7),
)


def test_numbers_of_all_widths_are_found_where_they_lie():
    found = np.zeros(13)
    read_mixed(seal(MIXED), found)
    assert found.tolist() == [200, 1, -2.5, 0.75, 3, 4, -5, 5, 3, 9, 1, -(2**40), -7]


def places_to_llvm(value: ir.Type, offset: int = 0) -> Iterator[tuple[int, int]]:
    """Offset and size in bytes of each number of a value."""
    if isinstance(value, ir.LiteralStructType | ir.ArrayType):
        for place in range(len(value)):
            part, passed = jit._part_of(value, place)
            yield from places_to_llvm(part, offset + passed)
    else:
        yield offset, value.get_abi_size(jit.cpu_target.target_context.target_data)


def places_when_sealed(form: str) -> Iterator[tuple[int, int]]:
    """Offset and size in bytes of each number that is sealed in a form of `struct`."""
    for code in re.finditer("0?[A-Za-z?]", form):
        if size := struct.calcsize(code[0]):
            yield struct.calcsize(form[: code.end()]) - size, size


def test_numbers_are_sealed_where_llvm_has_them_in_all_records_of_a_market():
    simulate(case("policy=all_levers", days=2))
    kinds = [layout.kind for layout, _ in jit._SEALED.values()]
    assert any(kind.instance_class is _MarketRecords for kind in kinds)
    for kind in [*kinds, typeof(MIXED), typeof((np.uint8(1), (MIXED, np.uint8(1))))]:
        layout, value = jit._Layout(kind), jit.cpu_target.target_context.get_value_type(kind)
        assert list(places_when_sealed(layout._form.format)) == list(places_to_llvm(value))
        assert layout._form.size == jit.cpu_target.target_context.get_abi_sizeof(value)


@kernel
def put_factor(sealed, row, factor):
    """Seal `row` with another factor, for the kernels after this one."""
    store(sealed[0], Row(row.wide, row.narrow, factor))


def test_a_kernel_puts_a_record_in_its_place():
    one = row(1.0)
    sealed = seal(one)
    put_factor((sealed,), one, 5.0)
    assert scale(sealed, 1.0) == 18.0
    assert one.wide.tolist() == [0.0, 5.0, 10.0]


@kernel
def give_back(row):
    """The record as Python knows it."""
    return row


def test_a_sealed_record_comes_back_with_its_own_arrays():
    one = row(2.0)
    found = give_back(seal(one))
    assert found.wide is one.wide
    assert found.narrow is one.narrow
    assert found.factor == 2.0


def calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    """Calls of a function by its name within some code."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name
    ]


def readers_of_what_they_store(code: str) -> list[str]:
    """Functions that name a record for anything but to store another in its place."""
    found = []
    for function in ast.walk(ast.parse(code)):
        if not isinstance(function, ast.FunctionDef) or not calls_of(function, "store"):
            continue
        held = {ast.unparse(call.args[0]).partition("[")[0] for call in calls_of(function, "store")}
        places = [ast.walk(call.args[0]) for call in calls_of(function, "store")]
        stored = {id(node) for place in places for node in place}
        read = [
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id in held and id(node) not in stored
        ]
        found += [f"{function.name} reads {name}" for name in read]
    return found


def test_no_kernel_reads_a_record_that_it_stores():
    """Loads of records are told to the compiler as never changing while a kernel runs."""
    market = Path(jit.__file__).parent / "market"
    files = sorted(market.rglob("*.py"))
    assert any(calls_of(ast.parse(file.read_text(encoding="utf-8")), "store") for file in files)
    for file in files:
        assert readers_of_what_they_store(file.read_text(encoding="utf-8")) == []
    wrong = "def one(held, new):\n    store(held[0], new)\n    return held[0].day\n"
    assert readers_of_what_they_store(wrong) == ["one reads held"]

"""Docstrings of functions on arrays name dtypes, shapes and units, which no checker sees."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("stats", "design", "search", "sensitivity", "response", "decision", "calibrate", "market")
DTYPE = re.compile(r"\b(?:float|int|uint)(?:8|16|32|64)\b|\bbool\b")
SHAPE = re.compile(r"\(\s*(?:[\w*+. ]+,)+[\w*+., ]*\)|\b[1-4]-D\b|\bof (?:any|the given) shape\b")
"""`(n,)`, `(points, 2)`, `(groups + 1, ...)`, 1-D, or: of any shape, of the given shape."""

UNIT = re.compile(
    r"\bunits?\b|\bfen\b|\bRMB\b|\bshares?\b|probabilit|\[0, 1[\])]|\bcube\b|\bseconds?\b|\bdays?\b"
    r"|\bbasis points\b|\b0 or more\b|from -1 to 1|\bstandard normals\b|\bbool\b|\bplaces?\b"
    r"|\bnumbers? of\b"
)
"""A unit, a range without one, or what is counted."""

REFERENCE = re.compile(r"`((?:\w+\.)+(?!jsonl|journal)\w+)`")

JITS = {"kernel", "stage", "step", "rule"}
JIT_DTYPE = re.compile(DTYPE.pattern + r"|\bdtypes\b")
"""A dtype, or a reference: the dtypes of another function or of a record."""

NAMES = {"name", "id", "attr", "arg", "module"}
PLACES = [f"/{path.relative_to(ROOT)}" for path in (ROOT / "engine").rglob("*")]

MOST_UNSAID = 3
"""Arguments that a first sentence can still name; more have a section."""


def files_of(room: str) -> list[Path]:
    """Return the files of a room, which may be one file itself."""
    return sorted((ROOT / "engine" / room).rglob("*.py")) or [ROOT / "engine" / f"{room}.py"]


@functools.cache
def array_names(path: Path) -> frozenset[str]:
    """Names of array types in a file: those that it imports, and those that it makes of them."""
    found = {"NDArray", "ndarray"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine."):
            source = ROOT / f"{node.module.replace('.', '/')}.py"
            if source.exists():
                found |= {one.name for one in node.names} & array_names(source)
        elif isinstance(node, ast.Assign) and is_array(node.value, frozenset(found)):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


def is_array(annotation: ast.expr | None, names: frozenset[str]) -> bool:
    """Whether an annotation holds an array type, alone or in a collection."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    return any(
        (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.Attribute) and node.attr in names)
        for node in ast.walk(annotation)
    )


def takes_arrays(function: ast.FunctionDef, names: frozenset[str]) -> bool:
    given = function.args
    asked = [one.annotation for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return any(is_array(one, names) for one in [*asked, function.returns])


def functions_on_arrays(room: str) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of a room's public functions, and of its classes' methods.

    What stands in a class's docstring need not be said again by its methods.
    """
    for path in files_of(room):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = array_names(path)
        where = ".".join(path.relative_to(ROOT / "engine").with_suffix("").parts)
        for node in tree.body:
            owner = node if isinstance(node, ast.ClassDef) else None
            for one in owner.body if owner else [node]:
                if not isinstance(one, ast.FunctionDef) or one.name.startswith("_"):
                    continue
                if (owner and owner.name.startswith("_")) or not takes_arrays(one, names):
                    continue
                texts = [ast.get_docstring(one), ast.get_docstring(owner) if owner else None]
                name = f"{owner.name}.{one.name}" if owner else one.name
                yield f"{where}.{name}", "\n".join(text for text in texts if text)


def arguments(function: ast.FunctionDef) -> int:
    given = function.args
    return len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)


def unsaid(node: ast.stmt, owner: ast.ClassDef | None) -> Iterator[str]:
    """What a public function does not say: what it raises itself, and its many arguments."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
        return
    own = ast.get_docstring(node) or ""
    said = own + ((ast.get_docstring(owner) or "") if owner else "")
    raises = [one for one in ast.walk(node) if isinstance(one, ast.Raise) and one.exc]
    if raises and "Raises" not in said:
        yield f"{node.name} raises {ast.unparse(raises[0])}"
    if owner is None and arguments(node) > MOST_UNSAID and "Parameters" not in own:
        yield f"{node.name} takes {arguments(node)} arguments"


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "market"])
def test_a_public_function_says_what_it_takes_and_raises(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {lack}"
        for path in files_of(room)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        for owner in ([node] if isinstance(node, ast.ClassDef) else [None])
        if owner is None or not owner.name.startswith("_")
        for one in (owner.body if owner else [node])
        for lack in unsaid(one, owner)
    ]
    assert found == []


FOUND = [found for room in ROOMS for found in functions_on_arrays(room)]


def lacks(doc: str) -> list[str]:
    return [word for word, said in (("dtype", DTYPE), ("shape", SHAPE)) if not said.search(doc)]


@pytest.mark.parametrize(("name", "doc"), FOUND, ids=[name for name, _ in FOUND])
def test_a_function_on_arrays_names_a_dtype_and_a_shape(name: str, doc: str) -> None:
    missing = lacks(doc)
    assert not missing, f"{name}: its docstring names no {' and no '.join(missing)}"


@pytest.mark.parametrize(
    ("name", "doc"),
    [found for room in ROOMS for found in functions_on_arrays(room)],
)
def test_a_function_on_arrays_names_a_unit(name: str, doc: str) -> None:
    assert UNIT.search(doc), f"{name}: its docstring names no unit"


@functools.cache
def identifiers(path: Path) -> frozenset[str]:
    """Every name that stands in the code of a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found |= {str(value) for key, value in ast.iter_fields(node) if key in NAMES}
    return frozenset(found)


def wrong_references(path: Path) -> Iterator[str]:
    """Yield what docstrings of a file name in a module of the engine that does not have it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        for reference in REFERENCE.findall(node.value):
            if not is_there(reference):
                yield f"{path.relative_to(ROOT)}: {reference}"


def is_there(reference: str) -> bool:
    """Whether `room.file.name` names what there is, or nothing of the engine."""
    place, _, name = f"/{reference.replace('.', '/')}".rpartition("/")
    files = [one for one in PLACES if one.endswith(f"{place}.py")]
    return (
        any(one.removesuffix(".py").endswith(f"{place}/{name}") for one in PLACES)
        or any(name in identifiers(ROOT / one[1:]) for one in files)
        or (not files and not reference.startswith("engine."))
    )


def test_what_a_docstring_names_in_another_file_is_there() -> None:
    files = list((ROOT / "engine").rglob("*.py"))
    assert [found for path in files for found in wrong_references(path)] == []


def jitted_functions(room: str) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of a room's public compiled functions, which have no annotations."""
    for path in files_of(room):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if JITS & {ast.unparse(one) for one in node.decorator_list}:
                yield f"{path.relative_to(ROOT)}: {node.name}", ast.get_docstring(node) or ""


def test_a_compiled_function_names_its_dtypes_or_what_names_them() -> None:
    found = dict(pair for room in ("market", "population") for pair in jitted_functions(room))
    assert len(found) > 40
    assert [name for name, doc in found.items() if not JIT_DTYPE.search(doc)] == []


def test_a_compiled_function_of_the_market_names_its_units_or_what_names_them() -> None:
    found = dict(jitted_functions("market"))
    assert [name for name, doc in found.items() if not UNIT.search(doc)] == []

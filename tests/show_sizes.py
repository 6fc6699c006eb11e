"""How large `engine` is, and how many of its names are public: `python -m tests.show_sizes`.

Prints the column "now" of the table of sizes in CONTRIBUTING.md, then by room who uses its public
names: other rooms, several files of the room, one file beside it, tests alone, or nobody. A name
counts as public if it is a function or class of a file (not of an `__init__`) without an
underscore; as used where it is imported or read through its module.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ("engine", "experiments", "peers", "hydra_plugins", "tests")
REACHES = ("other rooms", "its room", "one file", "tests", "nobody")


def files_of(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(source(path))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def engine_files() -> list[Path]:
    return [path for path in files_of("engine") if path.name != "__init__.py"]


def public_names(path: Path) -> list[str]:
    """Functions and classes of a file that begin without an underscore."""
    return [
        node.name
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


def classes_of_one_name() -> list[str]:
    """Names that more than one class of the engine and the commands has."""
    files = [*engine_files(), *files_of("experiments")]
    names = Counter(
        node.name for path in files for node in tree(path).body if isinstance(node, ast.ClassDef)
    )
    return [name for name, count in names.items() if count > 1]


def functions_of_one_name() -> list[str]:
    """Names that more than one public function or class of the engine has."""
    names = Counter(name for path in engine_files() for name in public_names(path))
    return [name for name, count in names.items() if count > 1]


def lines_count() -> int:
    return sum(len(source(path).splitlines()) for path in engine_files())


def public_per_thousand() -> float:
    """Public functions and classes per 1,000 lines."""
    return 1000 * sum(len(public_names(path)) for path in engine_files()) / lines_count()


def uses(path: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of what a file imports, or reads through a module's own name."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                yield node.module, one.name
                modules[one.asname or one.name] = f"{node.module}.{one.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield modules.get(node.value.id, ""), node.attr


def users() -> dict[tuple[str, str], set[str]]:
    """By module and name, the modules that use it."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in (path for folder in CODE for path in files_of(folder)):
        for use in uses(path):
            found.setdefault(use, set()).add(module_name(path))
    return found


def reach(module: str, others: set[str]) -> str:
    """Who uses a name of a module."""
    room = module.split(".")[:2]
    inside = {one for one in others - {module} if not one.startswith("tests.")}
    if any(one.split(".")[:2] != room for one in inside):
        return "other rooms"
    if inside:
        return "its room" if len(inside) > 1 else "one file"
    return "tests" if others - {module} else "nobody"


def reaches() -> dict[str, Counter[str]]:
    """By room, how many of its public names are used by whom."""
    known, found = users(), {}
    for path in engine_files():
        module = module_name(path)
        room = found.setdefault(".".join(module.split(".")[:2]), Counter())
        room.update(reach(module, known.get((module, name), set())) for name in public_names(path))
    return found


def sizes() -> dict[str, tuple[float, ...]]:
    """The rows of the table of sizes in CONTRIBUTING.md."""
    functions = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in engine_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    )
    return {
        "files": (len(engine_files()),),
        "lines": (lines_count(),),
        "public functions and classes per 1,000 lines": (public_per_thousand(),),
        "lines of a function: median, 90 %, 99 %": tuple(
            functions[int(share * len(functions))] for share in (0.5, 0.9, 0.99)
        ),
        "classes that share a name": (len(classes_of_one_name()),),
        "public functions that share a name": (len(functions_of_one_name()),),
    }


def main() -> None:
    """Print the sizes, and the public names by room."""
    for name, values in sizes().items():
        print(f"{name:46}{', '.join(f'{round(value, 1):,}' for value in values)}")
    rooms = reaches()
    print(f"\n{'public names, used by':24}" + "".join(f"{who:>13}" for who in REACHES))
    for name, room in [*sorted(rooms.items()), ("all", sum(rooms.values(), Counter()))]:
        print(f"{name:24}" + "".join(f"{room[who]:13}" for who in REACHES))


if __name__ == "__main__":
    main()

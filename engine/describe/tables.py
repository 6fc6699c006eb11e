"""The generated tables of `MODEL.md` and `TABLES.md`, from schemas, configs and code.

A block stands between `<!-- generated: NAME ARGUMENTS -->` and `<!-- end -->`, and NAME is
a key of `_BLOCKS`. Arguments of `parameters` are paths of the scenario; a `*` in one stands
for any one part and puts what it matches in one row.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from engine.describe.parameters import parameter_rows, scenario_source
from engine.measures import catalogue
from engine.spec.levers import LEVERS
from engine.spec.mechanisms import MECHANISMS, Mechanism
from engine.spec.scenario import Scenario
from engine.tables.schemas import SCHEMAS

_BLOCK: Final = re.compile(r"(<!-- generated: (\w+)(.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
_UNITS: Final = {
    "_fen": "fen",
    "_share": "share",
    "_count": "count",
    "_s": "seconds",
    "_rmb": "RMB",
}


def with_generated_blocks(text: str, root: Path) -> str:
    """`text` with every generated block made anew; `root` holds `conf` and `engine`."""

    def block(match: re.Match[str]) -> str:
        opening, name, arguments, closing = match.groups()
        return f"{opening}{_BLOCKS[name](root, arguments.split())}\n{closing}"

    return _BLOCK.sub(block, text)


def heading(mechanism: Mechanism) -> str:
    """The title of a mechanism's section."""
    number, *words = mechanism.name.split("_")
    return f"M{int(number[1:])} {' '.join(words).capitalize()} ({mechanism.name})"


def _parameters(root: Path, patterns: list[str]) -> str:
    header = ("parameter", "value", "unit", "source", "meaning")
    return _table(header, parameter_rows(root, patterns))


def _lever_table(_root: Path, _: list[str]) -> str:
    rows = [
        (
            f"`{path}`",
            lever.unit,
            f"{lever.low:g} to {lever.high:g}",
            f"{lever.search[0]:g} to {lever.search[1]:g}",
            lever.doc,
            ", ".join(_link(m) for m in MECHANISMS if path in m.levers) or "[money](#money)",
        )
        for path, lever in LEVERS.items()
    ]
    return _table(("lever", "unit", "allowed", "searched", "meaning", "moves"), rows)


def _link(mechanism: Mechanism) -> str:
    anchor = re.sub(r"[^\w -]", "", heading(mechanism).lower()).replace(" ", "-")
    return f"[{heading(mechanism).split()[0]}](#{anchor})"


def _card(root: Path, names: list[str]) -> str:
    """Where to find one mechanism: switch, rule, levers, ablation row."""
    mechanism = next(m for m in MECHANISMS if m.name == names[0])
    tree = yaml.safe_load(scenario_source(root))
    off = {
        f"scenario.{path}": value
        for path, value in mechanism.scenario(Scenario.model_validate(tree)).items()
    } | {f"policy.{path}": value for path, value in mechanism.policy.items()}
    levers, known = [], LEVERS
    for path in mechanism.levers:
        lever = known.get(path)
        of = f" ({lever.unit}, {lever.low:g} to {lever.high:g})" if lever else ""
        levers.append(f"`policy.{path}`{of}")
    rows = [
        ("switch", f"`scenario.mechanisms.{mechanism.name}`"),
        ("off means", "; ".join(f"`{path}` = {_shown(value)}" for path, value in off.items())),
        ("rule", f"[`engine/rules/{mechanism.rule}.py`](rules/{mechanism.rule}.py)"),
        ("levers", "; ".join(levers) or "none: it is the world's, not the platform's"),
        (
            "ablation row",
            f"`{mechanism.name}`, own measures "
            + ", ".join(f"`{measure}`" for measure in mechanism.shows_in),
        ),
    ]
    return _table(("", mechanism.title), rows)


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _overview(_root: Path, _: list[str]) -> str:
    rows = [
        (
            _link(mechanism),
            mechanism.title,
            f"[`{mechanism.rule}`](rules/{mechanism.rule}.py)",
            str(len(mechanism.levers)),
            ", ".join(f"`{measure}`" for measure in mechanism.shows_in),
        )
        for mechanism in MECHANISMS
    ]
    return _table(("", "mechanism", "rule", "levers", "own measures"), rows)


def _measures(_root: Path, groups: list[str]) -> str:
    tables = {"run": catalogue.RUN, "daily": catalogue.DAILY, "monthly": catalogue.MONTHLY}
    names = [name for name in tables[groups[0]] if groups[0] == "run" or name not in catalogue.RUN]
    rows = [
        (
            f"`{name}`",
            next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "–"),
            catalogue.MEASURES[name].definition,
            ", ".join(_link(m) for m in MECHANISMS if name in m.shows_in),
        )
        for name in names
    ]
    return _table(("measure", "unit", "meaning", "own measure of"), rows)


def _constants(root: Path, names: list[str]) -> str:
    """Numbers that stand in the code, with the text below them; names are `file.py::NAME`."""
    rows = []
    for name in names:
        file, _, wanted = name.partition("::")
        body = ast.parse((root / file).read_text(encoding="utf-8")).body
        for statement, after in zip(body, [*body[1:], ast.Pass()], strict=True):
            for target, value in _assigned(statement):
                if target == wanted:
                    rows.append((f"`{wanted}`", value, f"`{file}`", _text(after)))
    if len(rows) != len(names):
        raise ValueError(f"not all of {', '.join(names)} are constants")
    return _table(("constant", "value", "file", "meaning"), rows)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        if isinstance(statement.value, ast.Tuple):
            pairs = zip(statement.targets[0].elts, statement.value.elts, strict=True)
            yield from ((ast.unparse(name), ast.unparse(value)) for name, value in pairs)
    elif isinstance(statement, ast.Assign):
        yield ast.unparse(statement.targets[0]), ast.unparse(statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value:
        yield ast.unparse(statement.target), ast.unparse(statement.value)


def _text(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return " ".join(str(statement.value.value).split())
    return ""


def _day(root: Path, _: list[str]) -> str:
    source = (root / "engine" / "market" / "day.py").read_text(encoding="utf-8")
    return f"```text\n{ast.get_docstring(ast.parse(source))}\n```"


def _scales(root: Path, _: list[str]) -> str:
    sizes = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((root / "conf" / "scale").glob("*.yaml"))
    ]
    sizes.sort(key=lambda size: int(size["buyers_count"]))
    keys = [key for key in sizes[0] if key != "name"]
    rows = [(f"`{key}`", *(f"{size[key]:,}" for size in sizes)) for key in keys]
    return _table(("", *(f"`scale={size['name']}`" for size in sizes)), rows)


def _own_table(_root: Path, names: list[str]) -> str:
    """The columns of one own table."""
    schema = SCHEMAS[names[0]]
    rows = [
        (
            f"`{column.name}`" + (", required" if column.is_required else ""),
            column.unit,
            column.allowed,
            column.doc,
        )
        for column in schema.columns
    ]
    table = _table(("column", "unit", "allowed", "meaning"), rows)
    return f"A row is {schema.doc}.\n\n{table}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table without the columns that hold nothing."""
    full = [k for k in range(len(header)) if any(row[k] for row in rows)]
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line[k] for k in full) + " |" for line in lines)


_BLOCKS: Final[Mapping[str, Callable[[Path, list[str]], str]]] = {
    "day": _day,
    "scales": _scales,
    "parameters": _parameters,
    "constants": _constants,
    "levers": _lever_table,
    "mechanism": _card,
    "mechanisms": _overview,
    "measures": _measures,
    "own_table": _own_table,
}
"""What a block's name makes: (root, arguments) to Markdown."""

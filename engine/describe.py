"""The generated tables of `MODEL.md` and `TABLES.md`, from schemas, configs and code.

A block stands between `<!-- generated: NAME ARGUMENTS -->` and `<!-- end -->`, and NAME is
a key of `_BLOCKS`. Arguments of `parameters` are paths of the scenario; a `*` in one stands
for any one part and puts what it matches in one row. Unit and source of such a number come from
the comment beside it in the scenario's file (`# unit | source`), the meaning from its field's
description.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import yaml
from pydantic import BaseModel

from engine.measures import catalogue
from engine.measures.days import JOINED
from engine.spec.base import Open
from engine.spec.levers import levers_of
from engine.spec.mechanisms import MECHANISMS, Mechanism
from engine.spec.scenario import Scenario
from engine.tables.schemas import schemas_of

_BLOCK: Final = re.compile(r"(<!-- generated: (\w+)(.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
_UNITS: Final = {
    "_fen": "fen",
    "_share": "share",
    "_count": "count",
    "_s": "seconds",
    "_rmb": "RMB",
}

_SCENARIO: Final = "kuaishou_2020"


def with_generated_blocks(text: str, root: Path) -> str:
    """`text` with every generated block made anew; `root` holds `conf` and `engine`."""

    def block(match: re.Match[str]) -> str:
        opening, name, arguments, closing = match.groups()
        return f"{opening}{_BLOCKS[name](root, arguments.split())}\n{closing}"

    return _BLOCK.sub(block, text)


def _heading(mechanism: Mechanism) -> str:
    """The title of a mechanism's section."""
    number, *words = mechanism.name.split("_")
    return f"M{int(number[1:])} {' '.join(words).capitalize()} ({mechanism.name})"


class _Parameter(NamedTuple):
    """One number of the scenario's file: where, what, in which unit, and from where."""

    path: tuple[str, ...]
    value: str
    unit: str
    source: str


def _parameters(root: Path, patterns: list[str]) -> str:
    header = ("parameter", "value", "unit", "source", "meaning")
    return _table(header, _parameter_rows(root, patterns))


def _scenario_of(root: Path) -> Scenario:
    return Scenario.model_validate(yaml.safe_load(_scenario_source(root)))


def _lever_table(root: Path, _: list[str]) -> str:
    kinds = _scenario_of(root).kinds
    rows = [
        (
            f"`{path}`",
            lever.unit,
            f"{lever.low:g} to {lever.high:g}",
            f"{lever.search[0]:g} to {lever.search[1]:g}",
            lever.doc,
            ", ".join(_link(m) for m in MECHANISMS if path in m.levers(kinds)) or "[money](#money)",
        )
        for path, lever in levers_of(kinds).items()
    ]
    return _table(("lever", "unit", "allowed", "searched", "meaning", "moves"), rows)


def _link(mechanism: Mechanism) -> str:
    anchor = re.sub(r"[^\w -]", "", _heading(mechanism).lower()).replace(" ", "-")
    return f"[{_heading(mechanism).split()[0]}](#{anchor})"


def _card(root: Path, names: list[str]) -> str:
    """Where to find one mechanism: switch, rule, levers, ablation row."""
    mechanism = next(m for m in MECHANISMS if m.name == names[0])
    scenario = _scenario_of(root)
    kinds = scenario.kinds
    off = {f"scenario.{path}": value for path, value in mechanism.scenario(scenario).items()} | {
        f"policy.{path}": value for path, value in mechanism.policy(kinds).items()
    }
    levers, known = [], levers_of(kinds)
    for path in mechanism.levers(kinds):
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


def _overview(root: Path, _: list[str]) -> str:
    kinds = _scenario_of(root).kinds
    rows = [
        (
            _link(mechanism),
            mechanism.title,
            f"[`{mechanism.rule}`](rules/{mechanism.rule}.py)",
            str(len(mechanism.levers(kinds))),
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
    if groups[0] == "daily":
        what = "Simulated suppliers of a kind of the scenario that sell on the platform."
        rows.append((f"`{JOINED.format('<kind>')}`", "count", what, ""))
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


def _own_table(root: Path, names: list[str]) -> str:
    """The columns of one own table."""
    schema = schemas_of(_scenario_of(root).vocabulary)[names[0]]
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


def _parameter_rows(root: Path, patterns: Sequence[str]) -> list[tuple[str, str, str, str, str]]:
    """Return path, value, unit, source and meaning of the parameters that each pattern names.

    Raises
    ------
    ValueError
        If a pattern names none.
    """
    known = _scenario_numbers(root)
    rows = []
    for pattern in patterns:
        found = _matching(pattern, known)
        if not found:
            raise ValueError(f"{pattern} is no parameter of the scenario")
        units, sources = (
            "; ".join(dict.fromkeys(text for text in column if text)) or "–"
            for column in zip(*((p.unit, p.source) for p in found), strict=True)
        )
        stars = [number for number, part in enumerate(pattern.split(".")) if part == "*"]
        values = ", ".join(" ".join([*(p.path[k] for k in stars), p.value]) for p in found)
        if len(found) > 1 and len({p.value for p in found}) == 1:
            values = f"all {found[0].value}"
        rows.append((f"`{pattern}`", values, units, sources, _meaning(found[0].path)))
    return rows


def _scenario_source(root: Path) -> str:
    """The scenario's file."""
    return (root / "conf" / "scenario" / f"{_SCENARIO}.yaml").read_text(encoding="utf-8")


def _scenario_numbers(root: Path) -> list[_Parameter]:
    """Every number of the scenario, but its switches; the words that it declares are none."""
    text = _scenario_source(root)
    found = _leaves(yaml.compose(text), (), text.splitlines(), "")
    left_out = {"mechanisms", "kinds", "categories"}
    return [p for p in found if p.path[0] not in left_out and p.path[-1] != "name"]


def _matching(pattern: str, known: Sequence[_Parameter]) -> list[_Parameter]:
    """The parameters that a path with or without `*` names."""
    parts = pattern.split(".")
    return [
        p
        for p in known
        if len(p.path) == len(parts)
        and all(part in {"*", name} for part, name in zip(parts, p.path, strict=True))
    ]


def _leaves(
    node: Any, path: tuple[str, ...], lines: list[str], inherited: str
) -> Iterator[_Parameter]:
    """Walk a YAML mapping; a group's comment holds for its members that have none."""
    for key, value in node.value:
        here, comment = (*path, key.value), _comment(lines, key.start_mark.line) or inherited
        if isinstance(value, yaml.MappingNode):
            yield from _leaves(value, here, lines, comment)
        elif isinstance(value, yaml.SequenceNode) and isinstance(value.value[0], yaml.MappingNode):
            for number, item in enumerate(value.value):
                yield from _leaves(item, (*here, _name(item, number)), lines, "")
        else:
            listed = isinstance(value, yaml.SequenceNode)
            shown = ", ".join(item.value for item in value.value) if listed else value.value
            unit, _, source = comment.partition("|")
            yield _Parameter(here, shown, unit.strip(), source.strip())


def _comment(lines: list[str], number: int) -> str:
    """What a line says after `#`, or else the line of comment above it."""
    own = lines[number].partition("#")[2].strip()
    above = lines[number - 1].strip() if number else ""
    return own or (above[1:].strip() if above.startswith("#") else "")


def _name(item: Any, number: int) -> str:
    names = {key.value: value.value for key, value in item.value}
    return str(names.get("name", number))


def _meaning(path: tuple[str, ...]) -> str:
    """What the schema says of a field of the scenario, without its unit."""
    model: Any = Scenario
    for part in path:
        field = model.model_fields.get(part) if _is_model(model) else None
        if field is None and isinstance(model, type) and issubclass(model, Open):
            text, model = "", model.type_of_word()
            continue
        if field is None:  # the name of one event of a list
            continue
        text, model = field.description or "", _inner(field.annotation)
    return re.sub(r" \[[^]]*\]$", "", text)


def _inner(annotation: Any) -> Any:
    """The model in a tuple of models; anything else as it is."""
    arguments = get_args(annotation)
    return arguments[0] if arguments and _is_model(arguments[0]) else annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


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

"""In which file of a user's own a value stands that is refused, and in which line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from engine.errors import CombinedInputError, InputError
from experiments._sources import CONF, folders, typed_words

_GLOBAL: Final = "# @package _global_"


def with_files(error: InputError, hydra: Any) -> InputError:
    """Name the file and line of every mistake that was not typed but stands in an own file.

    Parameters
    ----------
    error : of a job.
    hydra : Hydra's settings for it: what was typed, what was chosen, and where files lie.
    """
    found = error.mistakes if isinstance(error, CombinedInputError) else (error,)
    return CombinedInputError([_with_file(one, hydra) for one in found])


def _with_file(error: InputError, hydra: Any) -> InputError:
    where = error.where
    path = re.sub(r"\[\d+\]", "", where)
    typed = {word.partition("=")[0].lstrip("+~") for word in typed_words(hydra)}
    values = typed - {str(choice) for choice in hydra.runtime.choices}
    if any(path == key or path.startswith(f"{key}.") for key in values):
        return error
    place = next(_places(path, hydra), None)
    if place is None:
        return error
    name = where.rpartition(".")[2]
    remedy = error.remedy.replace(f"{where}=", f"{name}: ")
    return InputError(where, f"{error.what}, in {place}", error.allowed, f"there: {remedy}")


def _places(where: str, hydra: Any) -> Iterator[str]:
    """Yield the files in which a key stands, each with its line."""
    own = [folder for folder in folders(hydra.runtime.config_sources) if folder.resolve() != CONF]
    for choice, option in hydra.runtime.choices.items():
        group, _, package = str(choice).partition("@")
        key = where.removeprefix(f"{package or group.replace('/', '.')}.")
        for file in _files(own, group, str(option), set()):
            text = file.read_text(encoding="utf-8")
            if key == where and not text.startswith(_GLOBAL):
                continue
            line = _line_of(text, key.split("."))
            if line is not None:
                yield f"{file}, line {line}"


def _files(own: Sequence[Path], group: str, option: str, seen: set[str]) -> Iterator[Path]:
    """Yield the first own file of an option, and those of its group that it builds on."""
    file = next(
        (one for folder in own if (one := folder / group / f"{option}.yaml").is_file()), None
    )
    if file is None or option in seen:
        return
    seen.add(option)
    yield file
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    built_on = tree.get("defaults") if isinstance(tree, Mapping) else None
    for name in built_on if isinstance(built_on, list) else ():
        if isinstance(name, str) and name != "_self_":
            yield from _files(own, group, name, seen)


def _line_of(text: str, path: Sequence[str]) -> int | None:
    """Return the line of a key, as of a value in a list; None where it is not there."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for part in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = next(((key, inside) for key, inside in pairs if key.value == part), None)
        if found is None:
            return None
        line, node = found[0].start_mark.line + 1, found[1]
    return line

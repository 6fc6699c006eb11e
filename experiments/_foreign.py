"""What a config file from elsewhere may not do: settings of Hydra's own, and what could run code.

Hydra makes objects of any class that its own settings name, and a file with the package
`_global_` reaches them. So a folder that is not this package's own holds groups alone.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from engine.errors import InputError

_HYDRA: Final = "hydra"
_OF_HYDRA: Final = re.compile(r"(?:^|[\s/@.])hydra(?=[/.@:]|$)")
_ENVIRONMENT: Final = re.compile(r"\$\{\s*oc\.env\s*:")
_MAKES_OBJECTS: Final = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


def check_foreign_place(path: Path, place: str) -> None:
    """Refuse a file of another folder by where it lies in it.

    Parameters
    ----------
    path : of the file, for the message.
    place : within the folder, `group/option`.

    Raises
    ------
    InputError
        If it is no option of a group of this package's.
    """
    group = place.replace("\\", "/").strip("/").partition("/")[0]
    if "/" not in place.strip("/"):
        raise _refused(path, "would stand in for a command's own config", "options of groups alone")
    if group == _HYDRA:
        raise _refused(path, "is a setting of Hydra's own", "groups of this package")


def check_foreign_config(
    path: Path, text: str, header: Mapping[str, str | None], tree: Any
) -> None:
    """Refuse a file of another folder that reaches Hydra, makes objects or reads the environment.

    Parameters
    ----------
    path : of the file, for the message.
    text, header, tree : the file as it is, its header such as `@package`, and its plain values.

    Raises
    ------
    InputError
        Naming the key.
    """
    package = header.get("package") or ""
    if _HYDRA in package.split(".") or "${" in package:
        raise _refused(path, f"has the package {package!r}", "values of this package's own groups")
    if _ENVIRONMENT.search(text):
        raise _refused(
            path, "reads variables of the environment", "values, and ${keys} of the config"
        )
    if not isinstance(tree, Mapping):
        return
    if _HYDRA in tree:
        raise _refused(path, "holds settings of Hydra's own: hydra", "this package's own keys")
    for words in _texts(tree.get("defaults")):
        if _OF_HYDRA.search(words):
            raise _refused(path, f"chooses {words!r}", "options of this package's own groups")
    for key in _keys(tree):
        if key in _MAKES_OBJECTS:
            raise _refused(path, f"holds {key}, which would run code", "plain values")


def _keys(tree: Any) -> Iterator[str]:
    """Yield every key of a tree."""
    if isinstance(tree, Mapping):
        for key, entry in tree.items():
            yield str(key)
            yield from _keys(entry)
    elif isinstance(tree, list):
        for entry in tree:
            yield from _keys(entry)


def _texts(tree: Any) -> Iterator[str]:
    """Yield every key and text of a defaults list."""
    if isinstance(tree, Mapping):
        for key, entry in tree.items():
            yield str(key)
            yield from _texts(entry)
    elif isinstance(tree, list):
        for entry in tree:
            yield from _texts(entry)
    elif isinstance(tree, str):
        yield tree


def _refused(path: Path, what: str, allowed: str) -> InputError:
    return InputError(
        str(path), what, allowed, "take it out; what you trust may be typed on the command line"
    )

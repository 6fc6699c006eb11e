"""What was typed for the results in a folder, passwords hidden, and how to type it again."""

import json
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from engine.results.claim import MARKER
from engine.results.storage import Folder, local_path, open_folder
from engine.secrets import masked

_TYPED: Final = ".hydra/typed.json"
_OVERRIDES: Final = ".hydra/overrides.yaml"
_HYDRAS: Final = ".hydra/hydra.yaml"
_PLACES: Final = ("hydra.run.dir=", "hydra.sweep.dir=", "into=")
"""Keys of the output folder: the same command is given a new one."""


def note_typed(folder: str | Path, command: str, words: Sequence[str]) -> None:
    """Note in an output folder what was typed for it.

    Raises
    ------
    StorageError
        If the folder cannot be written to.
    """
    tree = {"command": command, "words": [masked(word) for word in words]}
    here = local_path(folder)
    if here is not None:
        (here / _TYPED).parent.mkdir(parents=True, exist_ok=True)
    open_folder(folder).put(_TYPED, json.dumps(tree).encode() + b"\n")


def typed_again(folder: str | Path) -> str:
    """Return what to type for the same results in a new folder; empty where that is not known.

    A job of a sweep has its own overrides, and the folder of configs that the sweep was given.
    """
    place = open_folder(folder)
    noted = _read(place, _TYPED)
    if isinstance(noted, dict) and "command" in noted:
        return _line(noted["command"], noted.get("words") or [])
    marker, overrides = _read(place, MARKER), _read(place, _OVERRIDES)
    name = marker.get("command") if isinstance(marker, dict) else None
    if not name or not place.exists(_OVERRIDES):
        return ""
    return _line(name, [*_config_folder(_read(place, _HYDRAS)), *(overrides or [])])


def _line(command: str, words: Iterable[Any]) -> str:
    own = [str(word) for word in words if not str(word).lstrip("+").startswith(_PLACES)]
    return masked(shlex.join(["python", "-m", f"experiments.{command}", *own]))


def _config_folder(tree: Any) -> list[str]:
    """Return the words for the folder of configs that Hydra notes as typed."""
    for key in ("hydra", "runtime", "config_sources"):
        tree = tree.get(key) if isinstance(tree, dict) else None
    typed = [one["path"] for one in tree or [] if one.get("provider") == "command-line"]
    return ["--config-dir", typed[0]] if typed else []


def _read(place: Folder, name: str) -> Any:
    """Read a small file of JSON or YAML that may be missing or damaged."""
    try:
        return yaml.safe_load(place.get(name)) if place.exists(name) else None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return None

"""What a config folder of a user's own says each command takes from it: `commands.yaml`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from engine.errors import InputError

_FILE: Final = "commands.yaml"
_SCENARIO: Final = "scenario"


def own_words(
    folder: Path, command: str, typed: Sequence[str], has_scenario: bool = False
) -> list[str]:
    """Return the words that `commands.yaml` of a folder puts before those that were typed.

    Of a key that was typed too, only the typed word counts.

    Parameters
    ----------
    folder : given by `--config-dir`; without the file nothing is added.
    command : whose words are wanted.
    has_scenario : whether it simulates one: this package's own, where neither names another.

    Raises
    ------
    InputError
        If the file is none of lists of overrides, touches settings of Hydra's own, or leaves the
        scenario open.
    """
    path = folder / _FILE
    if not path.is_file():
        return []
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise _refused(path, f"is no YAML: {first}", "a list of overrides by command") from None
    words = _words(path, tree, command)
    known = {_key(word) for word in typed}
    if has_scenario and _SCENARIO not in known | {_key(word) for word in words}:
        raise InputError(
            str(path),
            f"names no scenario for {command}",
            f"{command}: [{_SCENARIO}=NAME], and what else it is to take from this folder",
            f"add that line, or type {_SCENARIO}=NAME",
        )
    return [word for word in words if _key(word) not in known]


def is_own_market(folder: Path) -> bool:
    """Tell whether a folder says what commands take from it."""
    return (folder / _FILE).is_file()


def _words(path: Path, tree: Any, command: str) -> list[str]:
    found = tree.get(command, []) if isinstance(tree, dict) else None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise _refused(
            path, f"holds no list for {command}", "a list of overrides by command, as texts"
        )
    for word in found:
        if word.startswith("-") or _key(word).split(".")[0].split("/")[0] == "hydra":
            raise _refused(path, f"holds {word!r}", "overrides of this package's own keys")
    return found


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~").strip()


def _refused(path: Path, what: str, allowed: str) -> InputError:
    return InputError(str(path), what, allowed, "correct the file, or leave it out")

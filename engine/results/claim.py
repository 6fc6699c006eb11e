"""Whose an output folder is: a marker, written first, says which command works in it.

No command writes into a folder that holds anything else than its own earlier work.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.results.storage import open_folder

MARKER: Final = ".poquan.json"
_SHOWN: Final = 5
"""Names shown of what is in a folder that is refused."""


@dataclass(frozen=True)
class Claim:
    """A command, and the name of all that its results depend on."""

    command: str
    identity: str


def check_claim(folder: Path, claim: Claim, key: str, ignored: Iterable[str] = ()) -> None:
    """Refuse a folder in which the command would destroy what others left.

    Parameters
    ----------
    folder : the output folder, there or not.
    claim : who asks.
    key : the key by which the user chose the folder.
    ignored : names that count as nothing, beside the marker.

    Raises
    ------
    InputError
        If the folder holds something and not the marker of an equal claim.
    """
    if not folder.is_dir():
        return
    found = sorted(path.name for path in folder.iterdir())
    found = [name for name in found if name not in {MARKER, *ignored}]
    owner = _owner(folder)
    if not found or owner == claim:
        return
    names = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    whose = f"what this command did not leave ({names})"
    if owner is not None:
        with_what = "another config" if owner.command == claim.command else "its config"
        whose = f"the results of {owner.command} with {with_what} ({names})"
    raise InputError(
        key,
        f"{folder} holds {whose}, which would be overwritten",
        "a new or empty folder, or one that the same command left with the same config",
        f"name another, e.g. {key}={_free_name(folder)}, or leave it out for a new one",
    )


def put_claim(folder: Path, claim: Claim) -> None:
    """Write the marker.

    Raises
    ------
    StorageError
        If the folder cannot be written to.
    """
    if _owner(folder) != claim:
        open_folder(folder).put(MARKER, json.dumps(asdict(claim)).encode() + b"\n")


def _owner(folder: Path) -> Claim | None:
    try:
        return Claim(**json.loads((folder / MARKER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _free_name(folder: Path) -> str:
    own = folder.resolve().name or "results"
    place = folder.parent if folder.name not in {"", ".."} else folder
    number = 2
    while (place / f"{own}-{number}").exists():
        number += 1
    return str(place / f"{own}-{number}")

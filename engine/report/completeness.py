"""Whether a results folder holds all that its command was to leave."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.results import MARKER
from engine.results.schemas import MANIFEST
from engine.results.storage import open_folder


def incomplete_note(
    folder: Path, config_hash: str, tables: Mapping[str, pa.Table], shown: Collection[str]
) -> str:
    """Say that results are incomplete and why; empty if they are complete.

    A command writes the manifest last, so results without one are those of a command that was
    interrupted or still runs.

    Parameters
    ----------
    folder : the results folder.
    config_hash : of the config under which its tables were written.
    tables : those that were found, by name.
    shown : names of all tables that a report draws on.
    """
    manifest = _read_json(folder, MANIFEST)
    if not manifest.get("complete") or manifest.get("config_hash") != config_hash:
        command = _read_json(folder, MARKER).get("command") or "the command"
        reason = f"{command} was interrupted or is still running"
    else:
        written = manifest.get("rows_count") or {}
        missing = [name for name in written if name in shown and name not in tables]
        if not missing:
            return ""
        reason = f"what was written of {', '.join(missing)} is not there any more"
    return (
        f"incomplete results: {reason}; what is shown rests on {_years(tables)} and is not the"
        f" whole answer. The same command with hydra.run.dir={folder} completes them"
    )


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a small file that may be missing or damaged."""
    place = open_folder(folder)
    try:
        found = json.loads(place.get(name)) if place.exists(name) else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _years(tables: Mapping[str, pa.Table]) -> str:
    """Count the simulated years of which something is shown."""
    keys = ["policy", "world", "replication", "seed"]
    source = tables.get("runs", tables.get("daily"))
    count = source.group_by(keys).aggregate([]).num_rows if source is not None else 0
    return f"{count} simulated year{'' if count == 1 else 's'}" if count else "no whole year"

"""A folder of results to be read, wherever it lies: one in a store is copied here once."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.results.lease import LOCKS
from engine.results.staging import fetch_tree
from engine.results.storage import check_store, local_path, open_folder
from engine.secrets import masked

_NOT_READ: Final = ("finalists/", "samples.jsonl", "runs.jsonl", ".hydra/")
"""What only a command that goes on reads."""


def local_folder(address: str | Path, key: str) -> Path:
    """Return a folder of this machine with the results at a path or an address.

    A copy is made once a process and removed at its end.

    Parameters
    ----------
    address : a path, `file://`, `s3://` or `gs://`.
    key : by which the user named it.

    Raises
    ------
    InputError
        If it is of another kind, or there is nothing.
    StorageError
        If it cannot be read.
    """
    place = local_path(address)
    return _copied(str(address), key) if place is None else place


@cache
def _copied(address: str, key: str) -> Path:
    check_store(address, key)
    folder = open_folder(address)
    if not set(folder.names()) - {LOCKS}:
        raise InputError(
            key,
            f"there is nothing in {masked(address)}",
            "the output folder of a finished command",
            f"give one, e.g. {key}=s3://bucket/folder",
        )
    root = Path(tempfile.mkdtemp(prefix="poquan-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    local = root / folder.path.rpartition("/")[2]
    fetch_tree(folder, local, _NOT_READ)
    return local

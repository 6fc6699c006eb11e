"""A command that runs as a job of Ray's: nothing that it keeps may lie where it was started."""

import os
from pathlib import Path
from typing import Final

from engine.compute.messages import LOST_WITH_THE_JOB
from engine.errors import InputError

_MARK: Final = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Ray tells a job's driver by it whose job it is."""


_FILE: Final = "sqlite:///"
"""Begins the address of a database in a file, whose path follows."""


def check_outlives_job(where: str, named: str | Path) -> None:
    """Refuse a relative place in a job of Ray's, which starts in a folder that is thrown away.

    Parameters
    ----------
    where : the key, or the words, that name the place.
    named : a folder, or a database in a file by its address.

    Raises
    ------
    InputError
        If results would be lost with the job.
    """
    kind = _FILE if str(named).startswith(_FILE) else ""
    path = str(named).removeprefix(kind)
    is_kept = Path(path).is_absolute() or "://" in path
    if _MARK in os.environ and not is_kept:
        what, allowed, remedy = LOST_WITH_THE_JOB.parts(named=named, where=where)
        raise InputError(where, what, allowed, remedy.replace("=/", f"={kind}/"))

"""A command that runs as a job of Ray's: nothing that it keeps may lie where it was started."""

import os
from pathlib import Path
from typing import Final

from engine.compute.messages import LOST_WITH_THE_JOB
from engine.errors import InputError

_MARK: Final = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Ray tells a job's driver by it whose job it is."""


def check_outlives_job(where: str, named: str | Path) -> None:
    """Refuse a relative folder in a job of Ray's, which starts in a folder that is thrown away.

    Parameters
    ----------
    where : the key, or the words, that name the folder.
    named : the folder.

    Raises
    ------
    InputError
        If results would be lost with the job.
    """
    is_kept = Path(named).is_absolute() or "://" in str(named)
    if _MARK in os.environ and not is_kept:
        raise InputError(where, *LOST_WITH_THE_JOB.parts(named=named, where=where))

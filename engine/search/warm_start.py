"""The best policies of an earlier search, which the next one must not miss."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from omegaconf import DictConfig, OmegaConf

from engine.config import load
from engine.errors import InputError, StorageError
from engine.results import local_folder, read_table
from engine.search.checkpoint.journal import FILE
from engine.secrets import masked
from engine.spec.policy import Policy

_FOLDER: Final = "policy"
_PREFIX: Final = "earlier-"


def earlier_policies(folder: str | None, given: Mapping[str, Policy]) -> dict[str, Policy]:
    """Return the policies that a search of before knew best, by names of their own.

    Those that met all replications, or all that were written where that is not known. What is
    given anyway is left out.

    Parameters
    ----------
    folder
        Its output folder, or its address; none: no policies.
    given
        The baselines.

    Raises
    ------
    InputError
        If the folder is no finished search.
    """
    if folder is None:
        return {}
    place = local_folder(folder, "warm_start")
    files = sorted((place / _FOLDER).glob("*.yaml"))
    if not files or not (place / FILE).exists():
        raise InputError(
            "warm_start",
            f"{masked(folder)} holds no finished search: {FILE} and {_FOLDER}/*.yaml are not there",
            "the output folder of an earlier experiments.optimize",
            "give another folder, or warm_start=null",
        )
    known, found = _known(place), dict[str, Policy]()
    seen = [policy.model_copy(update={"name": ""}) for policy in given.values()]
    for file in files:
        tree = OmegaConf.load(file)
        assert isinstance(tree, DictConfig)
        policy = load(tree, Policy)
        bare = policy.model_copy(update={"name": ""})
        if (known and file.stem not in known) or bare in seen:
            continue
        seen.append(bare)
        name = _PREFIX + file.stem.removeprefix(_PREFIX)
        found[name] = policy.model_copy(update={"name": name})
    return found


def _known(folder: Path) -> set[str]:
    """Return the names of the policies that met all replications; none if that is not told."""
    try:
        rows = read_table(folder, "frontier").select(["policy", "runs_count"]).to_pylist()
    except StorageError:
        return set()
    most = max(row["runs_count"] for row in rows)
    return {row["policy"] for row in rows if row["runs_count"] == most}

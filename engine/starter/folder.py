"""The config folder of a market of one's own: written whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.errors import InputError, StorageError
from engine.starter.decision import DECISION_ASSUMED, decision_date, decision_files
from engine.starter.facts import Facts
from engine.starter.sizes import sizes_of
from engine.starter.world import WORLD_ASSUMED, ensemble_text, scenario_text, unknowns_text

_TEMPLATE = "kuaishou_2020"


def starter_files(name: str, facts: Facts, conf: Path) -> tuple[dict[str, str], list[str]]:
    """Return the folder's files by their place in it, and what was assumed.

    Parameters
    ----------
    name : of the market, its scenario, space, question and figures.
    facts : what is known of it.
    conf : the config folder of the template.
    """
    sizes = sizes_of(facts)
    assumed = [*sizes.assumed, *_defaults(facts), DECISION_ASSUMED, *WORLD_ASSUMED]

    def template(group: str, option: str = _TEMPLATE) -> str:
        return (conf / group / f"{option}.yaml").read_text(encoding="utf-8")

    world = {
        f"scenario/{name}.yaml": scenario_text(template("scenario"), name, facts, sizes),
        f"unknowns/{name}.yaml": unknowns_text(template("unknowns"), name, facts, sizes),
        f"ensemble/{name}.yaml": ensemble_text(template("ensemble", "default"), name),
    }
    return world | decision_files(name, facts, sizes, assumed), assumed


def _check_free(folder: Path) -> None:
    """Refuse a place where something is already.

    Raises
    ------
    InputError
        If it is a file, or a folder that is not empty.
    StorageError
        If it cannot be looked into.
    """
    try:
        is_taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise _failed(folder, error) from None
    if is_taken:
        raise InputError(
            str(folder),
            "is there already and is not empty",
            "a new or an empty folder",
            "name another one; nothing is written over",
        )


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a new or empty folder: all of them, or none.

    Raises
    ------
    InputError
        If the folder is not empty.
    StorageError
        If it cannot be written.
    """
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}-", dir=folder.parent))
    except OSError as error:
        raise _failed(folder, error) from None
    try:
        for place, text in files.items():
            path = made / place
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        made.chmod(0o777 & ~_umask())
        made.rename(folder)
    except OSError as error:
        raise _failed(folder, error) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _failed(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder}: cannot be written: {error.strerror or error}\n"
        "  remedy:  name a folder in a place that can be written"
    )


def _defaults(facts: Facts) -> list[str]:
    """Say which facts were not given and stand at their defaults."""
    told = {
        "take_share": f"the platform keeps {100 * facts.take_share:g} % of sales",
        "year": f"the year is {facts.year}",
        "currency": f"amounts are in {facts.currency}",
    }
    missing = [text for name, text in told.items() if name not in facts.model_fields_set]
    if not facts.gmv_bn:
        missing.append(
            f"it is decided on {decision_date(facts)}; observed figures are placeholders"
        )
    return missing

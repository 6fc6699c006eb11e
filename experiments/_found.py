"""Policies that a search found: how they are simulated as they were found."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from hydra.core.hydra_config import HydraConfig

from engine.config import Tree
from engine.secrets import masked
from engine.spec.jobs import Job
from experiments._sources import CONF, config_folder, folders, typed_words

_GROUPS: Final = ("scenario", "scale", "ensemble", "policy@history")
USUAL: Final = {"scenario": "kuaishou_2020", "scale": "laptop", "ensemble": "single"}
"""What `experiments.simulate` takes of them where nothing is typed."""

_SHARED: Final = ("scenario", "scale", "ensemble", "history", "tables")
"""Where a value typed for a search changes what is simulated."""

_SINGLE: Final = ("world_seed", "populations_count")
_POLICY: Final = "policy"

FOLDER: Final = "FOLDER"
"""Stands for the folder of a search in what its results say of themselves."""


def words_as_found(job: Job, config: Tree) -> str:
    """Return what follows `simulate policy=NAME` for a policy of a search, whose place is `FOLDER`.

    Taken from Hydra's config of the search: the day, the policy before it, worlds, scenario, size
    and what was typed of them. Results do not tell where they lie: they may be moved.
    """
    hydra = HydraConfig.get()
    own = config_folder()
    if own is None:
        words = ["--config-dir", FOLDER]
    else:
        words = ["--config-dir", os.path.relpath(own), f"hydra.searchpath=[file://{FOLDER}]"]
    if job.decision_date is not None:
        words.append(f"decision_date={job.decision_date}")
    words += _chosen(hydra.runtime.choices)
    words += [masked(_plain(word, config)) for word in typed_words(hydra) if _is_shared(word)]
    return shlex.join(words)


def comment_as_found(job: Job, words: str, name: str) -> str:
    """Return the comment that heads the file of a policy that a search leaves."""
    since = f" from {job.decision_date} on" if job.decision_date else " for the whole horizon"
    before = f", after {job.history.name}" if job.decision_date and job.history else ""
    return (
        f"# Of a search, in force{since}{before}. It is simulated as the search did by\n"
        f"#   python -m experiments.simulate policy={name} {words}\n"
        f"# with {FOLDER} the folder of the search, which holds policy/{name}.yaml. Its means\n"
        "# weigh all worlds the same; those of the search's answer weigh them by what was known.\n"
    )


def notes_on_found(job: Job, from_its_day: bool) -> Iterator[str]:
    """Say which policies of a search are in force in another market or from another day there.

    Parameters
    ----------
    job : that names them.
    from_its_day : whether they are in force from the job's own day on, not from a test's.
    """
    runtime = HydraConfig.get().runtime
    for folder in folders(runtime.config_sources):
        search = _search_in(folder)
        market, day = _name_in(search, "scenario"), str(search.get("decision_date") or "")
        is_elsewhere = market not in {None, job.scenario.name}
        if not is_elsewhere and (not day or not from_its_day or day == str(job.decision_date)):
            continue
        names = [
            str(option)
            for group, option in runtime.choices.items()
            if str(group).partition("@")[0] == _POLICY
            and str(group) != "policy@history"
            and (folder / _POLICY / f"{option}.yaml").is_file()
            and not (CONF / _POLICY / f"{option}.yaml").is_file()
        ]
        if names:
            was, is_ = ("was", "is") if len(names) == 1 else ("were", "are")
            there, here = (
                f"{day} on",
                f"from {job.decision_date or job.scenario.calendar.origin} on",
            )
            whole = ""
            if is_elsewhere:
                there, here = f"the scenario {market}", f"in {job.scenario.name}"
                whole = f"; the whole command heads {folder}/{_POLICY}/{names[0]}.yaml"
            yield (
                f"{', '.join(names)} {was} found for {there}, and {is_} in force {here} "
                f"here; as found: {' '.join(_as_found(search, day))}{whole}"
            )


def _as_found(search: Mapping[str, Any], day: str) -> Iterator[str]:
    """Yield what is to be typed for the market, the day, the policy before it and the worlds."""
    market = _name_in(search, "scenario")
    if market != USUAL["scenario"]:
        yield f"scenario={market}"
    if day:
        yield f"decision_date={day}"
    for group, key in (("policy@history", "history"), ("ensemble", "ensemble")):
        if name := _name_in(search, key):
            yield f"{group}={name}"


def _name_in(search: Mapping[str, Any], key: str) -> str | None:
    part = search.get(key)
    return part.get("name") if isinstance(part, Mapping) else None


def _chosen(choices: Mapping[str, Any]) -> list[str]:
    found = {group: choices.get(group) for group in _GROUPS}
    return [
        f"{group}={option}"
        for group, option in found.items()
        if option is not None and option != USUAL.get(group)
    ]


def _plain(word: str, config: Tree) -> str:
    """Return an override with its value in place of what it takes from elsewhere."""
    key, _, value = word.partition("=")
    found: Any = config
    for part in key.lstrip("+").split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return f"{key}={found}" if "${" in value and isinstance(found, str | int | float) else word


def _is_shared(word: str) -> bool:
    key = word.partition("=")[0].lstrip("+~")
    root, _, rest = key.partition(".")
    return (root in _SHARED and bool(rest)) or key in _SINGLE


def _search_in(folder: Path) -> Mapping[str, Any]:
    """Return the config of the search that left a folder; empty for any other folder."""
    config = folder / ".hydra" / "config.yaml"
    try:
        tree = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return tree if isinstance(tree, dict) and "space" in tree else {}

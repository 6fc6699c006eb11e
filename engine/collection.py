"""One table over the results of several jobs: those of a sweep, or folders side by side.

Jobs whose runs share worlds, replications, seeds and populations met the same random numbers:
their differences are paired (`engine.compare`), whatever else they do not have in common.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import yaml

from engine.case import RunResult
from engine.compare import paired
from engine.measures import catalogue
from engine.results import list_tables, provenance_of, read_table
from engine.results.schemas import PARTED, Row
from engine.results.storage import open_folder
from engine.stats.intervals import mean_interval
from engine.stats.paired import independent_units, means_by

FINISHED, FAILED, OPEN = "finished", "failed", "not finished"
"""States of a job."""

CHANGED: Final = (
    "gmv_paid_fen",
    "platform_contribution_fen",
    "subsidy_fen",
    "target_attained",
    "top10_share",
    "dau_change_share",
)
"""Measures of which a table tells the change against its first job."""

_MEASURES: Final = catalogue.OUTCOMES
_POLICY: Final = "policy"
"""Folder of the policies that a search wrote, and key of a job's own."""

_WITHOUT_EFFECT: Final = frozenset({"ray", "threads"})
"""Keys on which no result depends."""


class StudyMember(NamedTuple):
    """One job: its name, what it has otherwise than the others, its folder and how it ended."""

    name: str
    keys: Mapping[str, Any]
    folder: Path
    state: str
    message: str = ""

    @property
    def scenario(self) -> Mapping[str, Any]:
        """The scenario in the config of its results; empty where it left none."""
        return _config_of(self.folder).get("scenario") or {}


def distinct_names(keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name jobs by what differs between them, each key by the fewest of its last parts.

    `policy.subsidy.rate.source=0.1` is `source=0.1` unless another key ends in `source`.
    """
    every = list(dict.fromkeys(key for own in keys for key in own))
    short = {key: _shortest(key, every) for key in every}
    names = [", ".join(f"{short[key]}={value}" for key, value in own.items()) for own in keys]
    return [name or f"job {number}" for number, name in enumerate(names)]


def members_of_folders(folders: Sequence[Path]) -> list[StudyMember]:
    """Take folders of results as jobs, named by what their configs have otherwise.

    Names are those of the folders, with that of the folder above where two are called the same.
    """
    configs = [_flat(_config_of(folder)) for folder in folders]
    every = dict.fromkeys(key for config in configs for key in config)
    differing = [key for key in every if len({str(config.get(key)) for config in configs}) > 1]
    last = [folder.resolve().name for folder in folders]
    names = [
        name if last.count(name) == 1 else f"{folder.resolve().parent.name}/{name}"
        for name, folder in zip(last, folders, strict=True)
    ]
    return [
        StudyMember(
            name, {key: config[key] for key in differing if key in config}, folder, FINISHED
        )
        for name, folder, config in zip(names, folders, configs, strict=True)
    ]


def collected_rows(members: Sequence[StudyMember]) -> list[dict[str, Any]]:
    """Return the rows of `sweep`: one a job and policy, with the mean of every measure.

    A job without runs has one row with neither policy nor measures. Columns `override.KEY` hold
    what differs between the jobs, `is_answer` whether a search was given the policy or names it in
    its answer, `says` what a policy does that a search found and names there, `MEASURE_se` standard
    errors over independent replications, and `MEASURE_change`, with `_ci_low` and `_ci_high`, of
    those of `CHANGED` the paired difference to the first job that has runs, where both met the same
    random numbers. `first_day` and `last_day` are those that its measures are of.
    """
    changes = _changes(members)
    texts = _texts(members)
    rows = []
    for number, member in enumerate(members):
        head = {"job": number, "name": member.name, "folder": member.folder.name}
        head |= {"state": member.state, "message": member.message}
        head |= {
            f"override.{key}": str(value) if key in texts else value
            for key, value in member.keys.items()
        }
        calendar = member.scenario.get("calendar") or {}
        head |= {
            f"{name}_day": str(calendar.get(end) or "")
            for name, end in (("first", "start"), ("last", "end"))
        }
        by_policy, named, said = _by_policy(_runs_of(member)), _answers(member), _found(member)
        rows += [
            head
            | {"policy": policy, "runs_count": len(runs)}
            | {"is_answer": named is None or policy in named, "says": said.get(policy, "")}
            | _means(runs)
            | changes.get((member.name, policy), {})
            for policy, runs in by_policy.items()
        ]
        if not by_policy:
            rows.append(head | {"policy": "", "runs_count": 0, "is_answer": False, "says": ""})
    return rows


def paired_with_first(
    members: Sequence[StudyMember], measures: Sequence[str]
) -> list[dict[str, Any]]:
    """Return paired differences to the first job that has runs, policy by policy.

    Rows are those of `comparison`, with the job's name as `policy` and the policy's as `of`.
    Jobs that met other random numbers have none, nor have policies of one name that two searches
    found and that are not the same.

    Parameters
    ----------
    members
        The jobs.
    measures
        Columns of `runs`.
    """
    by_job = {member.name: _by_policy(_runs_of(member)) for member in members}
    by_job = {name: found for name, found in by_job.items() if found}
    if not by_job:
        return []
    first, *others = by_job
    written = {member.name: _written_policies(member) for member in members}
    rows = []
    for policy in by_job[first]:
        met = {_key(run) for run in by_job[first][policy]}
        results = [_result_of(first, run) for run in by_job[first][policy]]
        for name in others:
            if not _is_same(written[first].get(policy), written[name].get(policy)):
                continue
            own = by_job[name].get(policy, [])
            results += [_result_of(name, run) for run in own if _key(run) in met]
        if len({result.labels["policy"] for result in results}) > 1:
            rows += [row | {"of": policy} for row in paired(results, first, measures)]
    return rows


def _changes(members: Sequence[StudyMember]) -> dict[tuple[str, str], dict[str, float | None]]:
    """Return the changes against the first job, by job and policy."""
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    for row in paired_with_first(members, CHANGED):
        if (measure := row["measure"]) in CHANGED:
            own = found.setdefault((row["policy"], row["of"]), {})
            own |= {
                f"{measure}_change": row["difference"],
                f"{measure}_change_ci_low": row["ci_low"],
                f"{measure}_change_ci_high": row["ci_high"],
            }
    return found


def _written_policies(member: StudyMember) -> dict[str, Any]:
    """Return the policies that a search found and wrote, by name; those that were given are not."""
    if not member.folder.is_dir():
        return {}
    given = _given_policies(_config_of(member.folder))
    place = open_folder(member.folder)
    found = ((file.removesuffix(".yaml"), file) for file in place.files(_POLICY))
    return {
        name: yaml.safe_load(place.get(f"{_POLICY}/{file}"))
        for name, file in found
        if name not in given and file.endswith(".yaml")
    }


def _given_policies(config: Mapping[str, Any]) -> set[str]:
    """Return the names of the policies in a job's config."""
    groups = (config.get(group) or {} for group in ("policies", "baselines"))
    return {name for group in groups for name in group} | {
        str((config.get(_POLICY) or {}).get("name", ""))
    }


def _is_same(policy: Any, other: Any) -> bool:
    """Whether two policies of one name are the same; those that were given are by their name."""
    return policy is None or other is None or policy == other


def _answers(member: StudyMember) -> set[str] | None:
    """Return the policies that a search was given or that its answer names; None of no search."""
    if not member.folder.is_dir() or "frontier" not in list_tables(member.folder):
        return None
    rows = read_table(member.folder, "frontier").to_pylist()
    named = {row["policy"] for row in rows if row["is_baseline"] or row.get("is_recommended")}
    if "price_of_target" in list_tables(member.folder):
        prices = read_table(member.folder, "price_of_target").to_pylist()
        named |= {row["policy"] for row in prices if row["policy"]}
    return named


def _found(member: StudyMember) -> dict[str, str]:
    """Return what the policies that a search found and names in its answer do, by their name."""
    if not member.folder.is_dir() or "price_of_target" not in list_tables(member.folder):
        return {}
    given = _given_policies(_config_of(member.folder))
    prices = read_table(member.folder, "price_of_target").to_pylist()
    return {row["policy"]: row["says"] for row in prices if row["policy"] not in {"", *given}}


def _config_of(folder: Path) -> Mapping[str, Any]:
    tables = [name for name in list_tables(folder) if name not in PARTED]
    found = provenance_of(read_table(folder, tables[0]))["config"] if tables else {}
    return {key: value for key, value in found.items() if key not in _WITHOUT_EFFECT}


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    """Return the values of a tree by their dotted paths; lists are texts."""
    if not isinstance(tree, Mapping):
        return {path: str(tree) if isinstance(tree, list) or tree is None else tree}
    parts = ((f"{path}.{key}" if path else str(key), value) for key, value in tree.items())
    return {key: own for place, value in parts for key, own in _flat(value, place).items()}


def _shortest(key: str, every: Sequence[str]) -> str:
    parts = key.split(".")
    for count in range(1, len(parts)):
        tail = ".".join(parts[-count:])
        if sum(other == tail or other.endswith(f".{tail}") for other in every) == 1:
            return tail
    return key


def _texts(members: Sequence[StudyMember]) -> set[str]:
    """Return the keys whose values are no numbers alone: they are written as texts."""
    values: dict[str, list[Any]] = {}
    for member in members:
        for key, value in member.keys.items():
            values.setdefault(key, []).append(value)
    return {key for key, own in values.items() if {type(value) for value in own} - {int, float}}


def _runs_of(member: StudyMember) -> list[Row]:
    if not member.folder.is_dir() or "runs" not in list_tables(member.folder):
        return []
    rows: list[Row] = read_table(member.folder, "runs").to_pylist()
    return rows


def _by_policy(runs: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for run in runs:
        found.setdefault(run["policy"], []).append(run)
    return found


def _means(runs: Sequence[Row]) -> dict[str, float | None]:
    units = independent_units(
        [run["replication"] for run in runs], [run["population"] for run in runs]
    )
    found: dict[str, float | None] = {}
    for measure in _MEASURES:
        if any(run.get(measure) is None for run in runs):
            found |= {measure: None, f"{measure}_se": None}
            continue
        values = np.array([run[measure] for run in runs], np.float64)
        interval = mean_interval(means_by(units, values))
        found |= {measure: interval.value, f"{measure}_se": interval.standard_error}
    return found


def _key(run: Row) -> tuple[Any, ...]:
    return run["world"], run["replication"], run["seed"], run["population"]


def _result_of(name: str, run: Row) -> RunResult:
    labels = {key: run[key] for key in catalogue.KEYS} | {"policy": name}
    return RunResult(labels, dict(run), {}, {})

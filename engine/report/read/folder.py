"""Reads a results folder, and tells whether it holds all that its command was to leave.

Whole policies come from the folder's `policy/` and from the config of its job.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from engine.config import kinds_of, load
from engine.errors import CombinedInputError, InputError, StorageError
from engine.report.read.results_model import StudyResults, frontier_lines, run_lines, setting
from engine.report.read.weighing import run_shares
from engine.results import list_tables, provenance_of, read_table
from engine.results.claim import MARKER
from engine.results.schemas import MANIFEST, Row
from engine.results.storage import open_folder
from engine.results.typed import typed_again
from engine.spec.kinds import Kind
from engine.spec.policy import Policy
from engine.units import SEGMENTS

_READ: Final = (
    "runs",
    "daily",
    "monthly",
    "frontier",
    "comparison",
    "claims",
    "ablation",
    "calibration",
    "rungs",
    "learnt",
    "trials",
    "sensitivity",
    "response",
    "trial",
    "sweep",
    "answers",
    "advice",
    "price_of_target",
    "attribution",
    "plan",
    "published",
    "weights",
    "value",
    "segments",
    "anchors",
)

_RUN: Final = ["policy", "world", "replication", "seed"]

_GROUP: Final = "policy"


def read_study(folder: Path) -> StudyResults:
    """Read the tables that a command left in `folder`, finished or not.

    Raises
    ------
    StorageError
        If there is none to report on, or one cannot be read.
    """
    found = list_tables(folder)
    if not set(_READ) & set(found):
        raise StorageError(
            f"{folder}: there are no results to report on\n"
            f"  found:   {', '.join(found) or 'no tables'}\n"
            "  remedy:  give the output folder of a finished command"
        )
    tables = {name: read_table(folder, name) for name in found if name in _READ}
    runs, frontier = _rows(tables, "runs"), _rows(tables, "frontier")
    known = provenance_of(next(iter(tables.values())))
    lines = run_lines(runs)
    if frontier:
        lines = frontier_lines(frontier, runs, reaching=_target_constraints(known["config"]))
    specs = _read_policies(folder, known["config"])
    kinds = _kinds_of_study(known["config"], specs)
    return StudyResults(
        **known,
        target_fen=max((row["target_fen"] for row in runs), default=0.0),
        lines=lines,
        runs=runs,
        comparison=_rows(tables, "comparison"),
        claims=_rows(tables, "claims"),
        ablation=_rows(tables, "ablation"),
        daily=tables.get("daily"),
        monthly=tables.get("monthly"),
        searched="frontier" in tables,
        calibration=_rows(tables, "calibration"),
        frontier=frontier,
        rungs=_rows(tables, "rungs"),
        learnt=_with_goods(_rows(tables, "learnt"), "lever", kinds),
        trials=_rows(tables, "trials"),
        sensitivity=_with_goods(_rows(tables, "sensitivity"), "name", kinds),
        response=_with_goods(_rows(tables, "response"), "lever", kinds),
        trial=_rows(tables, "trial"),
        sweep=[{**row, "goods": _goods(kinds)} for row in _rows(tables, "sweep")],
        answers=_rows(tables, "answers"),
        advice=_rows(tables, "advice"),
        prices=_rows(tables, "price_of_target"),
        effects=_rows(tables, "attribution"),
        plan=_rows(tables, "plan"),
        published=_rows(tables, "published"),
        worlds=_rows(tables, "weights"),
        value=_rows(tables, "value"),
        segments=_segment_means(tables.get("segments"), _rows(tables, "weights")),
        anchors=tables.get("anchors"),
        specs=specs,
        kinds=kinds,
        command=typed_again(folder),
        as_found=(_read_json(folder, MANIFEST).get("as_found") or {}).get("words", ""),
        incomplete=_incomplete_note(folder, known["config_hash"], tables, _READ),
    )


def _incomplete_note(
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
        f"incomplete results: {reason}; what is shown rests on {_runs_told(tables)} and is not the"
        f" whole answer. The same command with hydra.run.dir={folder} completes them"
    )


def _target_constraints(config: Mapping[str, Any]) -> list[str]:
    """Name the constraints on reaching the target."""
    constraints = setting(config, "objective", "constraints") or {}
    return [
        name for name, limit in constraints.items() if limit.get("measure") == "target_attained"
    ]


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[Row]:
    return tables[name].to_pylist() if name in tables else []


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a small file that may be missing or damaged."""
    place = open_folder(folder)
    try:
        found = json.loads(place.get(name)) if place.exists(name) else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _runs_told(tables: Mapping[str, pa.Table]) -> str:
    """Count the simulated runs of which something is shown."""
    keys = ["policy", "world", "replication", "seed"]
    source = tables.get("runs", tables.get("daily"))
    count = source.group_by(keys).aggregate([]).num_rows if source is not None else 0
    return f"{count} simulated run{'' if count == 1 else 's'}" if count else "no whole run"


def _read_policies(folder: Path, config: Mapping[str, Any]) -> dict[str, Policy]:
    """Return the policies that are known in full, by their name in the tables.

    Those that a search left as YAML come first; one that this version cannot read is left out.
    """
    found = dict(_given(config))
    place = open_folder(folder)
    for file in place.files(_GROUP):
        name, _, end = file.rpartition(".")
        if end == "yaml":
            found[name] = OmegaConf.create(place.get(f"{_GROUP}/{file}").decode())
    kinds = kinds_of(config)
    specs = {name: _policy(tree, kinds) for name, tree in found.items()}
    return {name: policy for name, policy in specs.items() if policy is not None}


def _kinds_of_study(config: Mapping[str, Any], specs: Mapping[str, Policy]) -> tuple[Kind, ...]:
    """Return the scenario's kinds; of one that declares none, those that policies have rates of."""
    words = (word for policy in specs.values() for word in policy.subsidy.rate.words)
    return kinds_of(config) or tuple(Kind(name=word) for word in dict.fromkeys(words))


def _with_goods(rows: Sequence[Row], key: str, kinds: Sequence[Kind]) -> list[Row]:
    """Say in rows of levers, which `key` names, what the goods of a coupon are called."""
    goods = _goods(kinds)
    return [{**row, "goods": goods.get(row[key], "")} for row in rows]


def _goods(kinds: Sequence[Kind]) -> dict[str, str]:
    """What the goods are called that a coupon is on, by the path of its rate."""
    return {f"subsidy.rate.{kind.name}": kind.goods for kind in kinds}


def _given(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the policies of a job's config, by the name that tables give them."""
    for group in ("policies", "baselines"):
        trees = config.get(group)
        yield from (trees if isinstance(trees, Mapping) else {}).items()
    own = config.get(_GROUP)
    if isinstance(own, Mapping) and "name" in own:
        yield str(own["name"]), own


def _policy(tree: Any, kinds: Sequence[Kind]) -> Policy | None:
    try:
        config = OmegaConf.create(tree)
        return load(config, Policy, kinds) if isinstance(config, DictConfig) else None
    except (CombinedInputError, InputError, OmegaConfBaseException, TypeError):
        return None


def _segment_means(table: pa.Table | None, worlds: Sequence[Row]) -> list[Row]:
    """Add up the days of `segments` by policy and `units.SEGMENTS`, as means of a run.

    Means of worlds are weighed by `weights`; where there are no such rows all runs count alike.
    """
    if table is None:
        return []
    keys = ["policy", *SEGMENTS]
    amounts = [name for name in table.column_names if name.endswith(("_fen", "_count"))]
    runs = table.group_by(_RUN, use_threads=False).aggregate([]).to_pylist()
    shares = run_shares(runs, worlds)
    summed = table.group_by([*keys, "world"], use_threads=False).aggregate(
        [(name, "sum") for name in amounts]
    )
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for row in summed.to_pylist():
        cell = found.setdefault(tuple(row[key] for key in keys), dict.fromkeys(amounts, 0.0))
        for name in amounts:
            cell[name] += row[f"{name}_sum"] * shares[row["policy"], row["world"]]
    return [dict(zip(keys, own, strict=True)) | cell for own, cell in found.items()]

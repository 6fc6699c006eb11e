"""Writes the tables of one study, and says in a manifest when all of them are there."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.case import RunResult
from engine.measures import catalogue
from engine.results import provenance
from engine.results.schemas import COLUMNS, DESCRIPTIONS, MANIFEST, PARTED, VARYING, Row, unit_of
from engine.results.storage import Folder, open_folder
from engine.units import SEGMENTS

_ARROW: Final[dict[type, pa.DataType]] = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    date: pa.date32(),
}


class Results:
    """The result tables of one study in one folder.

    Details (`daily`, `segments`, `anchors`) are written at once, a part per run under a
    name made of its keys; `runs` and `monthly` are kept and written by `finish`, in the
    order of their keys, so that neither the order nor the chunks of `write_runs` show.
    What this package left in the folder with another config is removed first, and nothing
    else; parts of the same config stay, and a resumed study overwrites them with the same
    bytes.

    Parameters
    ----------
    folder : path or address of the output folder.
    config : the resolved config, which goes into the metadata of every table.
    seed : likewise.
    kept_parts : files within the folder that stay whatever config they are of.

    Raises
    ------
    StorageError
        If the folder cannot be made or written to.
    """

    def __init__(
        self,
        folder: str | Path,
        config: Mapping[str, Any],
        seed: int,
        kept_parts: Collection[str] = (),
    ) -> None:
        self._folder = open_folder(folder)
        self._config, self._seed = config, seed
        self._provenance = provenance.Provenance(config, seed)
        self._rows: list[dict[str, Any]] = []
        self._monthly: list[pa.Table] = []
        self._counts: dict[str, int] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._folder.create()
        _remove_manifest(self._folder)
        _remove_stale(self._folder, self._provenance.config_hash, kept_parts)

    @property
    def currency(self) -> str:
        """In which the scenario's amounts are."""
        return str(self._config.get("scenario", {}).get("currency", "RMB"))

    @property
    def words(self) -> dict[str, str]:
        """What is said in place of this package's words."""
        return dict(self._config.get("scenario", {}).get("words") or {})

    def write_runs(
        self,
        results: Sequence[RunResult],
        *,
        daily: bool = True,
        segments: bool = False,
        anchors: bool = False,
    ) -> None:
        """Keep the runs' rows of `runs` and `monthly`; write the details asked for."""
        for result in results:
            start = _first_day(self._config, result.labels["world"])
            self._rows.append(result.row)
            self._monthly.append(_monthly_table(result, start))
            if daily:
                self._write_part("daily", result, _daily_table(result, start))
            self._write_details(result, start, segments=segments, anchors=anchors)

    def write_details(self, results: Iterable[RunResult]) -> None:
        """Write `segments` and `anchors` of runs whose rows are kept already."""
        for result in results:
            start = _first_day(self._config, result.labels["world"])
            self._write_details(result, start, segments=True, anchors=True)

    def _write_details(
        self, result: RunResult, start: date, *, segments: bool, anchors: bool
    ) -> None:
        if segments and result.segments:
            kinds = [kind["name"] for kind in self._config["scenario"]["kinds"]]
            self._write_part("segments", result, _segments_table(result, start, kinds))
        if anchors and result.anchors:
            self._write_part("anchors", result, _anchors_table(result))

    def write_kept(self, result: RunResult) -> None:
        """Keep a finished run's rows of `runs` and `monthly`; its details are in the folder.

        They become this config's: where a run was simulated does not change it.
        """
        self._rows.append(result.row)
        start = _first_day(self._config, result.labels["world"])
        self._monthly.append(_monthly_table(result, start))
        for table in PARTED:
            name = f"{table}/{part_name(result.labels)}"
            if not self._folder.exists(name):
                continue
            if _hash_of(self._folder, name) == self._provenance.config_hash:
                self._count(table, _parquet(self._folder, name).metadata.num_rows)
            else:
                self._write(table, name, _parquet(self._folder, name).read(use_threads=False))

    def write_rows(self, table: str, rows: Sequence[Row]) -> None:
        """Write a whole table of rows, e.g. `trials`, `frontier` or `comparison`."""
        self._write(table, f"{table}.parquet", _table_of_rows(table, rows))

    def describe(self, name: str, facts: Mapping[str, Any]) -> None:
        """Keep facts about how the study ran, which are no results, in the manifest."""
        self._facts[name] = dict(facts)

    def finish(self) -> None:
        """Write `runs` and `monthly`, then the manifest: from here on the study is complete."""
        if self._rows:
            self.write_rows("runs", sorted(self._rows, key=_key))
            months = pa.concat_tables(self._monthly)
            order = [(name, "ascending") for name in (*catalogue.KEYS, "month")]
            self._write("monthly", "monthly.parquet", months.sort_by(order))
        manifest = {
            "complete": True,
            "config_hash": self._provenance.config_hash,
            "seed": self._seed,
            "versions": provenance.versions(),
            "rows_count": dict(sorted(self._counts.items())),
            **self._facts,
        }
        self._folder.put(MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")

    def _write_part(self, table: str, result: RunResult, content: pa.Table) -> None:
        self._folder.create(table)
        self._write(table, f"{table}/{part_name(result.labels)}", content)

    def _write(self, table: str, name: str, content: pa.Table) -> None:
        known = self._provenance.metadata(table)
        self._folder.put(name, _encode(content.replace_schema_metadata(known)))
        self._count(table, content.num_rows)

    def _count(self, table: str, rows: int) -> None:
        self._counts[table] = self._counts.get(table, 0) + rows


def _table_of_rows(table: str, rows: Sequence[Row]) -> pa.Table:
    """Turn `rows` into an Arrow table: fixed columns first, the others as they first appear.

    Missing values of further columns are null; a missing fixed column is a `KeyError`.
    """
    fixed = COLUMNS[table]
    for row in rows:
        if missing := [name for name in fixed if name not in row]:
            raise KeyError(f"a row of {table!r} lacks {missing}")
    names = [name for name in _names(rows) if name not in fixed]
    shape = _schema(table, {name: _kind_of(row.get(name) for row in rows) for name in names})
    ordered = pa.schema([shape.field(name) for name in [*fixed, *names]])
    return pa.Table.from_pylist(
        [{name: _plain(value) for name, value in row.items()} for row in rows], ordered
    )


def _encode(table: pa.Table) -> bytes:
    """Encode one Parquet file: zstd, floats split by byte, integers as packed differences."""
    encodings, words = {}, []
    for field in table.schema:
        if pa.types.is_floating(field.type):
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(field.type) or pa.types.is_date(field.type):
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_string(field.type):
            words.append(field.name)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=3,
        use_dictionary=words,
        column_encoding=encodings,
    )
    return bytes(sink.getvalue())


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in catalogue.KEYS)


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _plain(value: Any) -> Any:
    """Turn NumPy scalars into Python's."""
    return value.item() if hasattr(value, "item") else value


def _kind_of(values: Iterable[Any]) -> type:
    """Find the one type that holds all values; nothing but nulls counts as numbers."""
    kinds = {type(_plain(value)) for value in values if value is not None}
    if kinds <= {int, float} and kinds != {int}:
        return float
    if len(kinds) != 1 or not kinds <= set(_ARROW):
        raise TypeError(f"a column must hold one plain type, got {sorted(map(str, kinds))}")
    return kinds.pop()


def _remove_stale(folder: Folder, known_hash: str, kept_parts: Collection[str]) -> None:
    """Delete tables and parts that another config left here: they would be read with ours."""
    names = [f"{table}.parquet" for table in COLUMNS if table not in PARTED]
    names += [f"{table}/{part}" for table in PARTED for part in folder.files(table)]
    for name in names:
        if name in kept_parts:
            continue
        if folder.exists(name) and _hash_of(folder, name) not in {known_hash, ""}:
            folder.delete(name)


def _remove_manifest(folder: Folder) -> None:
    """Delete the manifest, which says that all is there, if it is ours."""
    if folder.exists(MANIFEST) and b'"config_hash"' in folder.get(MANIFEST):
        folder.delete(MANIFEST)


def _parquet(folder: Folder, name: str) -> pq.ParquetFile:
    return pq.ParquetFile(pa.BufferReader(folder.get(name)))


def _hash_of(folder: Folder, name: str) -> str:
    """Return the config's hash that a table bears; empty if this package did not write it."""
    data = folder.get(name)
    try:
        found = pq.read_schema(pa.BufferReader(data)).metadata or {}
    except (pa.ArrowException, OSError, ValueError):  # OSError: a damaged footer
        return ""
    return str(found.get(f"{provenance.PREFIX}config_hash".encode(), b"").decode())


def _first_day(config: Mapping[str, Any], world: str) -> date:
    """Return the first day of the horizon: the scenario's, unless the world changes it."""
    start = config["scenario"]["calendar"]["start"]
    worlds = (config.get("ensemble") or {}).get("worlds") or {}
    change = ((worlds.get(world) or {}).get("calendar") or {}).get("start")
    start = change or start
    return start if isinstance(start, date) else date.fromisoformat(str(start))


def part_name(labels: Mapping[str, Any]) -> str:
    """Name the file of one run: its keys, quoted, so that no two runs share a name."""
    keys = ",".join(quote(str(labels[name]), safe="") for name in catalogue.KEYS)
    return f"run,{keys}.parquet"  # the first word keeps names from starting with a dot


def _daily_table(result: RunResult, start: date) -> pa.Table:
    """Build the rows of `daily`, one per day."""
    days = len(result.daily["gmv_fen"])
    dates = [start + timedelta(days=day) for day in range(days)]
    return _table_of("daily", result, {"date": dates, **result.daily}, days)


def _monthly_table(result: RunResult, start: date) -> pa.Table:
    """Build the rows of `monthly`, one per calendar month."""
    count = len(result.monthly["paying_buyers_count"])
    months = [_month_after(start, month) for month in range(count)]
    return _table_of("monthly", result, {"month": months, **result.monthly}, count)


def _segments_table(result: RunResult, start: date, kinds: Sequence[str]) -> pa.Table:
    """Build the rows of `segments`: day by `units.SEGMENTS`, the last the fastest."""
    shape = next(iter(result.segments.values())).shape
    day, *axes = (axis.ravel() for axis in np.indices(shape))
    columns = {
        "date": np.datetime64(start, "D") + day,
        **{
            name: np.array(words)[axis]
            for (name, words), axis in zip({**SEGMENTS, "kind": kinds}.items(), axes, strict=True)
        },
        **{name: values.ravel() for name, values in result.segments.items()},
    }
    return _table_of("segments", result, columns, day.size)


def _anchors_table(result: RunResult) -> pa.Table:
    """Build the rows of `anchors`, one per anchor."""
    count = len(next(iter(result.anchors.values())))
    return _table_of("anchors", result, {"anchor": np.arange(count), **result.anchors}, count)


def _table_of(
    name: str, result: RunResult, columns: Mapping[str, Sequence[Any] | NDArray[Any]], rows: int
) -> pa.Table:
    """Put `columns` beside the run's labels, in the order and types of the schema."""
    labels = {key: pa.repeat(pa.scalar(result.labels[key]), rows) for key in catalogue.KEYS}
    known = _schema(name)
    extra = {
        column: _kind(values) for column, values in columns.items() if column not in known.names
    }
    shape = _schema(name, extra)
    ordered = pa.schema([shape.field(column) for column in [*known.names, *extra]])
    return pa.table({**labels, **columns}, schema=ordered)


def _schema(table: str, extra: Mapping[str, type] | None = None) -> pa.Schema:
    """Build the Arrow schema of `table`, with further columns where the table allows them.

    Raises
    ------
    KeyError
        If the table is unknown, or has no further columns and some are given.
    """
    columns = COLUMNS[table]
    unknown = [name for name in extra or {} if name not in columns]
    if unknown and table not in VARYING:
        raise KeyError(f"table {table!r} has no columns {unknown}; it has {list(columns)}")
    says = DESCRIPTIONS.get(table, {})
    return pa.schema(
        pa.field(
            name,
            _ARROW[kind],
            metadata={"unit": unit_of(name)}
            | ({"description": says[name]} if name in says else {}),
        )
        for name, kind in {**(extra or {}), **columns}.items()
    )


def _kind(values: Any) -> type:
    """Return the plain type of an array's values."""
    kind = np.asarray(values).dtype.kind
    return {"i": int, "u": int, "f": float, "b": bool, "U": str}[kind]


def _month_after(start: date, months: int) -> date:
    year, month = divmod(start.month - 1 + months, 12)
    return date(start.year + year, month + 1, 1)

"""Own tables of events and seasons, as a part of the scenario."""

import json
from datetime import date
from typing import Any

from pydantic import ValidationError

from engine.spec.calendar import Campaign, Festival
from engine.spec.scenario import Scenario
from engine.spec.tables import OwnTables, TableSource
from engine.tables.cells import Cells, checked
from engine.tables.files import Batch, batches, find_files
from engine.tables.schemas import SCHEMAS, Column
from engine.tables.whole import key_of, present_columns

_OF_KIND: dict[str, tuple[type[Festival | Campaign], tuple[str, ...]]] = {
    "festival": (Festival, ("traffic", "attention", "plan")),
    "campaign": (Campaign, ("pull",)),
}


def with_calendar(scenario: Scenario, tables: OwnTables) -> Scenario:
    """Return the scenario with the events and the season of own tables.

    Raises
    ------
    InputError
        Naming the first cell that cannot be.
    """
    changes: dict[str, Any] = {}
    if tables.events is not None:
        changes |= _events(tables.events)
    if tables.season is not None:
        changes["season_by_day"] = _season(tables.season)
    if not changes:
        return scenario
    calendar = scenario.calendar.model_copy(update=changes)
    return scenario.model_copy(update={"calendar": calendar})


def _events(source: TableSource) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {"festival": [], "campaign": []}
    for batch, columns in _batches("events", source):
        for place in range(len(batch.columns["name"])):
            row = {
                name: batch.columns[name][place].as_py() for name in columns
                if batch.columns[name][place].is_valid
            }  # fmt: skip
            found[row["kind"]].append(_event(row, batch, columns, place))
    return {
        "festivals": tuple(found["festival"]),
        "rival_campaigns": tuple(found["campaign"]),
    }


def _event(row: dict[str, Any], batch: Batch, columns: dict[str, Column], place: int) -> Any:
    model, own = _OF_KIND[row["kind"]]
    wanted = ("name", "start", "end", *own)
    for name, column in columns.items():
        if name in row and name not in {*wanted, "kind"}:
            raise _cells(batch, column).mistake(
                place, f"got {row[name]!r} for a {row['kind']}", "empty"
            )
    event = {name: _plain(row[name], name) for name in wanted if name in row}
    try:
        return model.model_validate_json(json.dumps(event), strict=True)
    except ValidationError as error:
        detail = error.errors()[0]
        name = str(detail["loc"][0]) if detail["loc"] else "start"
        at_fault = columns.get(name) or SCHEMAS["events"].column(name)
        what = f"got {row.get(name)!r} for a {row['kind']}: {detail['msg']}"
        cells = Cells(key_of("events"), batch.file, batch.first, at_fault, None)
        raise cells.mistake(place, what) from None


def _plain(value: Any, name: str) -> Any:
    """A cell as JSON has it: CSV knows texts alone."""
    if name in {"traffic", "attention", "pull"}:
        return float(value)
    if name == "plan":
        return value if isinstance(value, bool) else str(value).lower() in {"true", "1", "yes"}
    return str(value)


def _season(source: TableSource) -> dict[date, float]:
    found: dict[date, float] = {}
    for batch, columns in _batches("season", source):
        cells = _cells(batch, columns["date"], "season")
        factors = checked(_cells(batch, columns["season_factor"], "season"))
        for place, text in enumerate(checked(cells).to_pylist()):
            try:
                day = date.fromisoformat(text)
            except ValueError:
                raise cells.mistake(place) from None
            if day in found:
                raise cells.mistake(place, f"{day} stands in an earlier row", "each day once")
            found[day] = float(factors[place])
    return found


def _batches(name: str, source: TableSource) -> Any:
    """Batches whose cells are all of their type, each with the table's columns by name."""
    files = find_files(key_of(name), source.address)
    columns = {column.name: column for column in present_columns(name, files)}
    for batch in batches(files, list(columns)):
        for column in columns.values():
            checked(_cells(batch, column, name))
        yield batch, columns


def _cells(batch: Batch, column: Column, name: str = "events") -> Cells:
    return Cells.of(key_of(name), batch, column)

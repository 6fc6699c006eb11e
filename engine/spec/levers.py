"""The catalogue of levers, read from where they are declared: `engine.spec.policy`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from engine.spec.base import Dated, Lever
from engine.spec.policy import Policy


@dataclass(frozen=True)
class LeverEntry:
    """All that the engine knows of one lever; see `engine.spec.base.Lever`.

    `group` is the sub-group whose levers share a column of the table of the day, as
    `subsidy.rate`, or empty; `column` the name of that column, `convert` fills it.
    """

    path: str
    unit: str
    doc: str
    low: float
    high: float
    integer: bool
    dated: bool
    off: float | None
    mechanism: str
    switch: bool
    search: tuple[float, float]
    log: bool
    group: str
    column: str
    convert: Callable[[float], float]


def _walk(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[LeverEntry]:
    for name, field in model.model_fields.items():
        kind, path = field.annotation, (*above, name)
        lever = next((entry for entry in field.metadata if isinstance(entry, Lever)), None)
        if lever is not None:
            yield _entry(path, lever, kind)
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _walk(kind, path)


def _entry(path: tuple[str, ...], lever: Lever, kind: Any) -> LeverEntry:
    low, high, *scale = lever.search
    grouped = len(path) > 2
    return LeverEntry(
        path=".".join(path),
        unit=lever.unit,
        doc=lever.doc,
        low=float(lever.ge),
        high=float(lever.le),
        integer=kind is int,
        dated=kind is Dated,
        off=lever.off,
        mechanism=lever.mechanism,
        switch=lever.switch,
        search=(low, high),
        log=scale == ["log"],
        group=".".join(path[:-1]) if grouped else "",
        column=path[-2] if grouped else lever.day or path[-1],
        convert=lever.convert,
    )


LEVERS: Final = {entry.path: entry for entry in _walk(Policy, ())}
"""Every lever that is one number, by its path such as `subsidy.rate.source`."""


def lever_value(policy: Policy, path: str) -> Any:
    """The value at a path of the policy: a `Dated`, or a number."""
    value: Any = policy
    for part in path.split("."):
        value = getattr(value, part)
    return value

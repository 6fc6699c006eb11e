"""The catalogue of levers, read from where they are declared: `engine.spec.policy`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from engine.spec.base import Called, Dated, Grows, Lever, MarketSize, Open
from engine.spec.kinds import Kind
from engine.spec.policy import Policy

_UNCALLED: Final = Called("")


@dataclass(frozen=True)
class LeverEntry:
    """All that the engine knows of one lever; see `engine.spec.base.Lever`.

    A number from `low` to `high`, or one of `choices`. Of a coupon on a kind of goods `goods` is
    what these are called, and `kinds` all that there are, in their order. `group` is the sub-group
    whose levers share a column of the table of the day, as `subsidy.rate`, or empty; `column` the
    name of that column, `convert` fills it. `called` is what people call the lever, `group_noun`
    what they call the group.
    """

    path: str
    unit: str = ""
    doc: str = ""
    low: float = 0.0
    high: float = 0.0
    integer: bool = False
    dated: bool = False
    off: float | None = None
    mechanism: str = ""
    switch: bool = False
    search: tuple[float, float] = (0.0, 0.0)
    log: bool = False
    grows: Grows = ""
    choices: tuple[bool | int | float | str, ...] = ()
    goods: str = ""
    kinds: tuple[str, ...] = ()
    group: str = ""
    column: str = ""
    convert: Callable[[float], float] = float
    needs: tuple[tuple[str, ...], ...] = ()
    called: Called = _UNCALLED
    group_noun: str = ""

    @classmethod
    def at(cls, path: str) -> "LeverEntry | None":
        """What is the same of the lever at a path, or of the levers of a group, for all kinds."""
        known = levers_of((Kind(name=path.rpartition(".")[2] or "any"),))
        return next((lever for own, lever in known.items() if path in {own, lever.group}), None)

    def search_in(self, size: MarketSize) -> tuple[float, float]:
        """Where it is worth searching in a market of some size, within what is allowed."""
        low, high = (size.times(self.grows) * end for end in self.search)
        return min(max(low, self.low), self.high), min(high, self.high)


_Kinds = tuple[Kind, ...]


@lru_cache(maxsize=64)
def levers_of(kinds: _Kinds) -> Mapping[str, LeverEntry]:
    """Return every lever that is one value, by its path such as `subsidy.rate.source`.

    `kinds` are the scenario's: each has a coupon rate of its own, of the mechanism that it says.
    """
    return {entry.path: entry for entry in _levers_in(Policy, kinds)}


def _levers_in(
    model: type[BaseModel], kinds: _Kinds, above: tuple[str, ...] = ()
) -> Iterator[LeverEntry]:
    """Yield the levers that a schema declares, in its order."""
    for name, field in model.model_fields.items():
        kind, path = field.annotation, (*above, name)
        lever = next((entry for entry in field.metadata if isinstance(entry, Lever)), None)
        called = next((entry for entry in field.metadata if isinstance(entry, Called)), _UNCALLED)
        if lever is not None:
            yield replace(_number(path, lever, kind, kinds), called=called)
        elif isinstance(kind, type) and issubclass(kind, Open):
            value, each = get_args(kind.type_of_word())
            words = tuple(own.name for own in kinds)
            for own in kinds:
                lever = replace(each, mechanism=own.mechanism)
                entry = _number((*path, own.name), lever, value, kinds)
                yield replace(entry, goods=own.goods, kinds=words, group_noun=called.noun)
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            for entry in _levers_in(kind, kinds, path):
                yield replace(entry, group_noun=called.noun) if called.noun else entry
        elif kind is bool or get_origin(kind) is Literal:
            yield LeverEntry(".".join(path), choices=get_args(kind) or (False, True))


def _of_kinds(needs: tuple[tuple[str, ...], ...], kinds: _Kinds) -> tuple[tuple[str, ...], ...]:
    """Name the kinds of needs such as `subsidy.rate:is_co_funded`, in a row for each.

    Where no kind has the role the first such row stays alone, and is never met.
    """
    found: list[tuple[str, ...]] = []
    for row in needs:
        path, colon, role = row[0].partition(":")
        if not colon:
            found.append(row)
            continue
        with_role = [kind.name for kind in kinds if getattr(kind, role)]
        if not with_role:
            return (row,)
        found += [(f"{path}.{word}", *row[1:]) for word in with_role]
    return tuple(found)


def _number(path: tuple[str, ...], lever: Lever, kind: Any, kinds: _Kinds) -> LeverEntry:
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
        grows=lever.grows,
        group=".".join(path[:-1]) if grouped else "",
        column=path[-2] if grouped else lever.day or path[-1],
        convert=lever.convert,
        needs=_of_kinds(lever.needs, kinds),
    )


def policy_value(policy: Policy, path: str) -> Any:
    """The value at a path of the policy: a `Dated`, or a number."""
    value: Any = policy
    for part in path.split("."):
        value = getattr(value, part)
    return value


def set_levers(policy: Policy, values: Mapping[str, Any], name: str) -> Policy:
    """Return `policy` under a new name with the levers at some paths replaced.

    A number, or one by first day, replaces a dated value whole.

    Raises
    ------
    pydantic.ValidationError
        If a value lies outside the lever's own range.
    """
    tree = _tree(policy)
    for path, value in values.items():
        *groups, leaf = path.split(".")
        place = tree
        for group in groups:
            place = place[group]
        place[leaf] = value
    return Policy.model_validate(tree | {"name": name})


def _tree(spec: BaseModel) -> dict[str, Any]:
    """Return a specification as nested dicts, dated values as they are."""
    return {
        name: _tree(value)
        if isinstance(value, BaseModel) and not isinstance(value, Dated)
        else value
        for name, value in spec
    }

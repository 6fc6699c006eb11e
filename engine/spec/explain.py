"""From pydantic's errors to messages: where, what was got, what is allowed, what to do."""

import re
import types
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.errors import CombinedInputError, InputError
from engine.spec.base import Dated, Lever, Open
from engine.spec.policy import Policy

_LIMITS = {
    "ge": "at least {}",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "min_length": "at least {} values",
    "max_length": "at most {} values",
}
_MANY = 4
"""Missing values that are reported one by one; more of a file are reported together."""

_WORDS: Mapping[Any, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "a text",
    date: "a date like 2020-06-16",
    Dated: "a number, or numbers by first day like {2020-01-01:0,2020-06-16:0.1}",
    types.NoneType: "null",
}


def explain(error: ValidationError, model: type[BaseModel], root: str = "") -> InputError:
    """Return one error that lists every mistake in `error`.

    Parameters
    ----------
    error : what pydantic raised.
    model : the specification that was being validated.
    root : dotted key under which the user finds `model`; empty at the top.
    """
    details = error.errors(include_url=False)
    missing = [detail["loc"] for detail in details if detail["type"] == "missing"]
    others = [detail for detail in details if detail["type"] != "missing"]
    told = [_explain_one(detail, model, root) for detail in others]
    return CombinedInputError([*told, *_missing(missing, model, root)])


def nearest(key: str, known: Iterable[str]) -> str | None:
    """Return the known key most like `key`, if any is alike: also one that it is the begin of."""
    words = list(known)
    close = get_close_matches(key, words, n=1, cutoff=0.6)
    longer = (word for word in words if word.startswith(f"{key}_"))
    return close[0] if close else next(longer, None)


def unknown_word(where: str, what: str, key: str, known: Iterable[str]) -> InputError:
    """Return the mistake of naming `key`, which is not among the words that are `known`."""
    words = list(known)
    match = nearest(key, words)
    remedy = f"did you mean {match}?" if match else "name one of them"
    return InputError(where, f"{key!r} {what}", ", ".join(words), remedy)


def dotted(parts: Sequence[int | str], root: str = "") -> str:
    """Return `('festivals', 0, 'end')` as `festivals[0].end`."""
    text = root
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: object, width: int = 60) -> str:
    """Return a value as in a message: text in quotes, long things cut."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _missing(
    paths: Sequence[Sequence[int | str]], model: type[BaseModel], root: str
) -> Iterator[InputError]:
    """Tell of values that are not given: a policy's together, others one by one if they are few."""
    groups: dict[tuple[int | str, ...], list[Sequence[int | str]]] = {}
    for path in paths:
        groups.setdefault(_policy_above(path, model), []).append(path)
    for above, own in groups.items():
        if above or model is Policy or len(own) > _MANY:
            yield _lacking(dotted(above, root), [dotted(path[len(above) :]) for path in own])
        else:
            for path in own:
                allowed, where = _allowed(*_lookup(model, path)), dotted(path, root)
                yield InputError(where, "a value is missing", allowed, f"give one: {where}=...")


def _policy_above(path: Sequence[int | str], model: type[BaseModel]) -> tuple[int | str, ...]:
    """Return the longest beginning of a path that leads to a policy; empty if none does."""
    lengths = range(len(path) - 1, 0, -1)
    return next(
        (tuple(path[:count]) for count in lengths if _lookup(model, path[:count])[0] is Policy), ()
    )


def _lacking(where: str, names: Sequence[str]) -> InputError:
    """Name the values that a group lacks in one message, and how it takes them over."""
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    what = "a value is missing" if len(names) == 1 else f"{len(names)} values are missing"
    return InputError(
        where or "config",
        f"{what}: {', '.join(names[:_MANY])}{more}",
        "all values of the group: a file may take them over from another",
        "begin the file with a list of what it builds on, as `defaults: [h1_2020]` in a policy, "
        "and give only what differs",
    )


def _explain_one(detail: ErrorDetails, model: type[BaseModel], root: str) -> InputError:
    path = detail["loc"]
    where = dotted(path, root)
    kind = detail["type"]
    if kind == "extra_forbidden" or (kind == "model_type" and _is_word(path, model)):
        return _unknown_key(path, model, root)
    annotation, metadata = _lookup(model, path)
    allowed = _allowed(annotation, metadata)
    if kind == "value_error" and _is_model(annotation):
        return _broken_rule(detail, where)
    return InputError(
        where, _got(detail), allowed, _remedy(where, detail["input"], annotation, metadata)
    )


def _unknown_key(path: Sequence[int | str], model: type[BaseModel], root: str) -> InputError:
    """Offer the nearest key that the specification knows."""
    annotation, _ = _lookup(model, path[:-1])
    known = list(annotation.model_fields) if _is_model(annotation) else []
    if _is_word(path, model):
        known.append("groups of the words that the scenario declares")
    match = nearest(str(path[-1]), known)
    where = dotted(path, root)
    return InputError(
        where,
        "unknown key",
        ", ".join(known),
        f"did you mean {dotted([*path[:-1], match], root)}?" if match else f"leave {where} out",
    )


def _is_word(path: Sequence[int | str], model: type[BaseModel]) -> bool:
    """Whether a key stands in a group of words, and is none of the group's own keys."""
    above, _ = _lookup(model, path[:-1])
    return (
        isinstance(above, type) and issubclass(above, Open) and path[-1] not in above.model_fields
    )


def _broken_rule(detail: ErrorDetails, where: str) -> InputError:
    """Report a broken rule between several keys of a group.

    Its message may say `what; allowed; remedy`, the last with `{where}` for the group. At
    the top, where a group has no name, the first key that it names stands for it.
    """
    message = str(detail["ctx"]["error"])
    what, allowed, remedy = (*message.split("; "), "", "")[:3]
    given = detail["input"] if isinstance(detail["input"], Mapping) else {}
    places = {key: re.search(rf"\b{re.escape(key)}\b", message) for key in given}
    found = {key: place.start() for key, place in places.items() if place is not None}
    named = sorted(found, key=found.__getitem__)
    values = {key: shown(given[key]) for key in named if not isinstance(given[key], Mapping)}
    got = ", ".join(f"{key}={text}" for key, text in values.items() if text not in message)
    return InputError(
        where or next(iter(named), "config"),
        f"{what} (got {got})" if got else what,
        allowed or f"values of {', '.join(named) or 'its keys'} that keep this rule",
        remedy.format(where=where)
        or f"change {' or '.join(dotted((key,), where) for key in named) or where}",
    )


def _got(detail: ErrorDetails) -> str:
    got = f"got {shown(detail['input'])}"
    reason = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else ""
    return f"{got}: {reason}" if reason and ", got" not in reason else got


def _remedy(where: str, got: object, annotation: Any, metadata: Sequence[Any]) -> str:
    """Name the value that is nearest to what was got, where there is one."""
    is_lever = any(isinstance(entry, Lever) for entry in metadata)
    if isinstance(got, Mapping) and got and is_lever:
        return _steps_remedy(where, got, annotation)
    choice = nearest(str(got), _choices(annotation))
    if choice:
        return f"did you mean {where}={choice}?"
    if isinstance(got, int | float) and not isinstance(got, bool):
        return _range_remedy(where, got, metadata)
    return f"set {where} to a value that is allowed"


def _range_remedy(where: str, got: float, metadata: Sequence[Any]) -> str:
    for entry in metadata:
        low, high = getattr(entry, "ge", None), getattr(entry, "le", None)
        if high is not None and high <= 1 and 5 <= got <= 100 * high:
            return f"it is a share of 1: {got:g} % is {where}={got / 100:g}"
        if low is not None and got < low:
            return f"set it within the range, e.g. {where}={_typed(low)}"
        if high is not None and got > high:
            return f"set it within the range, e.g. {where}={_typed(high)}"
    return f"set {where} to a value that is allowed"


def _steps_remedy(where: str, steps: Mapping[Any, Any], annotation: Any) -> str:
    """Say how a lever is given by days: the nearest day to one that is none, or by a decision."""
    if not _is_dated(annotation):
        day, value = list(steps.items())[-1]
        return (
            "it is one number as long as a policy is in force: name the one before as "
            f"policy@history=NAME, and type decision_date={day} {where}={value}"
        )
    for day in map(str, steps):
        found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", day)
        year, month, number = map(int, found.groups()) if found else (0, 0, 0)
        if year and 1 <= month <= 12 and not 1 <= number <= (last := monthrange(year, month)[1]):
            return f"did you mean {year:04}-{month:02}-{min(max(number, 1), last):02} for {day}?"
    return f"give {where} a number, or one from each first day on"


def _is_dated(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Dated)


def _lookup(model: type[BaseModel], path: Sequence[int | str]) -> tuple[Any, tuple[Any, ...]]:
    """Find type and metadata of the value at `path`; `Any` where the specification ends."""
    annotation: Any = model
    metadata: tuple[Any, ...] = ()
    for part in path:
        if _is_model(annotation):
            field = annotation.model_fields.get(part)
            if field is not None:
                annotation, metadata = _bare(field.annotation), _metadata(field)
            elif issubclass(annotation, Open):
                annotation, metadata = _unwrapped(annotation.type_of_word())
            else:
                return Any, ()
        elif get_origin(annotation) in (dict, tuple):
            inside = get_args(annotation)
            item = inside[1] if get_origin(annotation) is dict else inside[0]
            annotation, metadata = _unwrapped(item)
        else:
            return Any, ()
    return annotation, metadata


def _metadata(field: FieldInfo) -> tuple[Any, ...]:
    extra = field.json_schema_extra
    unit = (_Unit(str(extra["unit"])),) if isinstance(extra, dict) and "unit" in extra else ()
    return (*field.metadata, *unit)


class _Unit(str):
    """A unit among a field's metadata."""

    __slots__ = ()


def _unwrapped(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Split `Annotated[float, Field(gt=0)]` into its type and metadata."""
    if not hasattr(annotation, "__metadata__"):
        return _bare(annotation), ()
    field = FieldInfo.from_annotation(annotation)
    return _bare(field.annotation), _metadata(field)


def _bare(annotation: Any) -> Any:
    """Return the first type of `X | None`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)[0]
    return annotation


def _is_model(annotation: Any) -> bool:
    return (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and not _is_dated(annotation)
    )


def _choices(annotation: Any) -> list[str]:
    return [str(choice) for choice in get_args(annotation)] if _is_literal(annotation) else []


def _is_literal(annotation: Any) -> bool:
    return get_origin(annotation) is Literal


def _allowed(annotation: Any, metadata: Sequence[Any]) -> str:
    """Say what a value may be, with its range and unit."""
    if _is_literal(annotation):
        return "one of " + ", ".join(_choices(annotation))
    if _is_model(annotation):
        return "a group with the keys " + ", ".join(annotation.model_fields)
    if get_origin(annotation) is dict:
        words = "a group of named values"
    elif get_origin(annotation) is tuple:
        words = "a list"
    else:
        words = _WORDS.get(annotation, "a value")
    return ", ".join([words, *_limits(metadata)]) + _unit(metadata)


def _limits(metadata: Sequence[Any]) -> list[str]:
    limits = {
        name: limit
        for entry in metadata
        for name in _LIMITS
        if (limit := getattr(entry, name, None)) is not None
    }
    for closed, is_open in (("ge", "gt"), ("le", "lt")):  # of one number, the narrower says all
        if closed in limits and limits.get(is_open) == limits[closed]:
            del limits[closed]
    return [
        template.format(_typed(limits[name]))
        for name, template in _LIMITS.items()
        if name in limits
    ]


def _typed(number: float) -> str:
    """Write a number as one would type it."""
    return str(int(number)) if number == int(number) else f"{number:g}"


def _unit(metadata: Sequence[Any]) -> str:
    for entry in metadata:
        if isinstance(entry, Lever):
            return f" [{entry.unit}]"
        if isinstance(entry, _Unit):
            return f" [{entry}]"
    return ""

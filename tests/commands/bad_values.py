"""Bad values for every key of every command's config, made from the schemas alone.

`cases_of` walks a command's schema beside the tree of its defaults and yields overrides, each of
which no job may accept; `verdict` puts one through what the command does with it: Hydra's parser,
the merge into the composed config, the validation and the checks, in this process.
"""

import pickle
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from hydra import compose
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import load
from engine.errors import InputError
from engine.spec.base import Dated, Lever, Open, Spec
from engine.spec.calibration import Unknowns
from engine.spec.jobs import Job
from engine.spec.space import Rule, Space, leaves
from experiments._exit import mistake
from experiments._sources import _translated

_NO_NUMBER = ("abc", "true", "null", "[]", "[1]", "{a:1}", "nan", "inf", "-inf", "1e308", "-1e308")
_NO_WHOLE = ("1.5", "1e30", "-1e30", "1e-3")
_NO_TRUTH = ("yes", "2", "null", "[]", "{a:1}", "1.5")
_NO_TEXT = ("5", "true", "null", "[]", "{a:1}", "1.5", "nan")
_NO_DATE = ("soon", "2020-13-45", "0", "-5", "20200230", "2020-02-30", "null", "[]", "true", "nan",
            "-2020-01-01", "99999-01-01")  # fmt: skip
_NO_DATED = ("abc", "true", "null", "[]", "[1]", "nan", "inf", "1e308", "-1e308",
             "{2020-13-01:0.1}", "{soon:0.1}", "{2020-01-01:abc}", "{2020-01-01:null}",
             "{2020-01-01:[1]}", "{2020-01-01:1e308}", "{1999-01-01:0.1}")  # fmt: skip
_NO_CHOICE = ("nonsense", "5", "null", "[]", "true", "{a:1}")
_NO_LIST = ("5", "abc", "null", "true", "[null]", "[[[]]]", "{a:1}", "[nan]")
_NO_GROUP = ("5", "abc", "null", "true", "[]", "[1]", "nan")
_UNKNOWN = "zzz"


class BadCase(NamedTuple):
    """One override, and the command that is given it."""

    command: str
    override: str


class KeyOfSchema(NamedTuple):
    """One value of a schema: where it stands, its type without None, and its limits."""

    path: tuple[str, ...]
    kind: Any
    metadata: tuple[Any, ...]
    may_be_null: bool


def cases_of(
    command: str, job: type[Spec], tree: Mapping[str, Any], skip: set[str]
) -> Iterator[BadCase]:
    """Yield bad overrides for every key of a command, but those under the keys in `skip`."""
    for field in _fields(job, tree, ()):
        if field.path[0] in skip or "." in "".join(field.path):
            continue
        where = ".".join(field.path)
        for value in _bad(field):
            yield BadCase(command, f"{where}={value}")
        if _is_group(field.kind):
            yield BadCase(command, f"+{where}.{_UNKNOWN}=1")


def verdict(case: BadCase, stored: bytes, job: type[Spec], check: Any = None) -> str:
    """Return how a command ends with an override: refused, accepted, or the error of a bug.

    `stored` is the pickled config: a copy out of it takes a fifth of the time of `deepcopy`.
    """
    try:
        _validate(case, pickle.loads(stored), job, check)
    except InputError as error:
        return "refused" if str(error).strip() else "empty message"
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        return "refused" if isinstance(mistake(error), InputError) else "no message"
    except Exception as error:  # noqa: BLE001  # whatever it is, the user would see a traceback
        return f"{type(error).__name__}: {error}"[:200]
    return "accepted"


def composed(command: str) -> DictConfig:
    """Compose a command's defaults; Hydra is to be initialised."""
    more = {"report": ["folder=x"], "priors": []}.get(command, ["ray.backend=process"])
    config = compose(command, more)
    OmegaConf.set_struct(config, True)
    return config


def _validate(case: BadCase, config: DictConfig, job: type[Spec], check: Any) -> None:
    words = list(_translated(case.override))
    overrides = OverridesParser.create().parse_overrides(words)
    ConfigLoaderImpl._apply_overrides_to_config(overrides, config)
    made = load(config, job)
    if isinstance(made, Job):
        from engine.checks import check_job

        check_job(made)
    if check is not None:
        check(made, words)


def _fields(model: type[BaseModel], tree: Any, above: tuple[str, ...]) -> Iterator[KeyOfSchema]:
    for name, field in model.model_fields.items():
        there = isinstance(tree, Mapping) and name in tree
        if not there:
            continue
        value = tree[name]
        yield from _values(field.annotation, tuple(field.metadata), value, (*above, name), model)
    if issubclass(model, Open):
        for word in [name for name in tree if name not in model.model_fields]:
            yield from _values(model.type_of_word(), (), tree[word], (*above, word), model)


def _values(annotation: Any, metadata: tuple[Any, ...], tree: Any, path: tuple[str, ...],
            model: type[BaseModel]) -> Iterator[KeyOfSchema]:  # fmt: skip
    if hasattr(annotation, "__metadata__"):
        inner = FieldInfo.from_annotation(annotation)
        annotation, metadata = inner.annotation, (*metadata, *inner.metadata)
    kinds = (
        get_args(annotation)
        if get_origin(annotation) in (Union, types.UnionType)
        else (annotation,)
    )
    plain = [kind for kind in kinds if kind is not types.NoneType]
    may_be_null = len(plain) < len(kinds)
    kind = plain[0]
    if hasattr(kind, "__metadata__"):
        inner = FieldInfo.from_annotation(kind)
        kind, metadata = inner.annotation, (*metadata, *inner.metadata)
    several = len(plain) > 1
    if not several:
        yield KeyOfSchema(path, kind, metadata, may_be_null)
    if _is_group(kind):
        yield from _fields(kind, tree, path)
    elif get_origin(kind) is dict and isinstance(tree, Mapping):
        entry = get_args(kind)[1]
        flat = model in (Space, Unknowns) and path[-1] in {"levers", "ranges"}
        items = leaves(tree) if flat else ((str(key), value) for key, value in tree.items())
        for key, value in items:
            yield from _values(entry, (), value, (*path, *key.split(".")), model)
    elif get_origin(kind) is tuple and isinstance(tree, Sequence) and tree:
        entry = get_args(kind)[0]
        yield from _values(entry, (), tree[0], (*path, "0"), model)


def _bad(field: KeyOfSchema) -> Iterator[str]:
    kind = field.kind
    for value in _of_kind(kind):
        if not (value == "null" and field.may_be_null):
            yield value
    if kind in (int, float):
        yield from _beyond(kind, field.metadata)
    for entry in field.metadata:
        if isinstance(entry, Lever):
            for limit, step in ((entry.ge, -1.0), (entry.le, 1.0)):
                yield f"{limit + step * max(1.0, abs(limit) * 0.01)}"


_BY_TYPE: Mapping[Any, tuple[str, ...]] = {
    float: _NO_NUMBER,
    int: (*_NO_NUMBER, *_NO_WHOLE),
    bool: _NO_TRUTH,
    date: _NO_DATE,
    Dated: _NO_DATED,
    str: _NO_TEXT,
    Rule: _NO_GROUP[:4],
}
_BY_ORIGIN: Mapping[Any, tuple[str, ...]] = {
    Literal: _NO_CHOICE,
    tuple: _NO_LIST,
    dict: _NO_GROUP,
}


def _of_kind(kind: Any) -> Sequence[str]:
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    return _BY_ORIGIN.get(get_origin(kind), _NO_GROUP if _is_group(kind) else ())


def _beyond(kind: Any, metadata: Sequence[Any]) -> Iterator[str]:
    """Yield numbers just outside the limits, and far outside."""
    for entry in metadata:
        for name, sign in (("ge", -1), ("gt", -1), ("le", 1), ("lt", 1)):
            limit = getattr(entry, name, None)
            if limit is None:
                continue
            if name in {"gt", "lt"}:
                yield str(kind(limit))
            step = 1 if kind is int else max(abs(limit) * 0.01, 0.01)
            yield str(kind(limit + sign * step))
            yield str(kind(limit + sign * 1000 * (abs(limit) + 1)))


def _is_group(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, Dated)

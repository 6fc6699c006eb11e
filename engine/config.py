"""Convert Hydra's DictConfig into validated jobs, and jobs into Hydra's files.

No `DictConfig` goes further than this file: what comes out is frozen and validated, or one
error that lists every mistake.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.errors import InputError
from engine.secrets import hide, reveal
from engine.spec.base import Dated, Spec
from engine.spec.explain import explain
from engine.spec.jobs import Job
from engine.spec.kinds import Kind

_JobT = TypeVar("_JobT", bound=Spec)
Tree = dict[str, Any]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATED: Final = re.compile(rf"\{{\s*{_DAY.pattern}\s*:.*\}}")
_KINDS: Final = TypeAdapter(tuple[Kind, ...])
_INTERPOLATION: Final = re.compile(r"\$\{[^.{}][^{}]*\}")


def load(cfg: DictConfig, job: type[_JobT], kinds: Sequence[Kind] = ()) -> _JobT:
    """Return the validated job that `cfg` describes, or a part of one in a scenario of `kinds`.

    Raises
    ------
    InputError
        Listing every unknown key, wrong type, value out of range and broken rule, each
        with what is allowed and what to do; or the first mistake in own tables.
    """
    tree = reveal(resolve(cfg))
    try:
        # JSON rules: "0.1" and true are not numbers, but "2020-06-16" is a date.
        loaded = job.model_validate_json(
            json.dumps(_whole(tree), default=str),
            strict=True,
            context={"kinds": kinds or kinds_of(tree)},
        )
    except ValidationError as error:
        raise explain(error, job) from None
    if isinstance(loaded, Job) and loaded.tables.is_given:
        from engine.tables import with_own_tables  # draws: --help must not wait for it

        return with_own_tables(loaded)
    return loaded


def kinds_of(tree: Mapping[str, Any]) -> tuple[Kind, ...]:
    """Return the kinds of a job's scenario; none where they are missing or refused."""
    scenario = tree.get("scenario")
    try:
        return _KINDS.validate_python(scenario.get("kinds")) if scenario else ()
    except (ValidationError, AttributeError):
        return ()


def resolve(cfg: DictConfig) -> Tree:
    """Return `cfg` as plain values, interpolations resolved and dated levers as mappings.

    Passwords within addresses are hidden: what comes out is for tables and files.

    Raises
    ------
    InputError
        For a mandatory value not given and an interpolation that leads nowhere.
    """
    try:
        tree = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        where = str(error.full_key)
        raise InputError(
            where, "a value is missing", "see --help", f"give one: {where}=..."
        ) from None
    except OmegaConfBaseException as error:
        what = str(error.msg or error).splitlines()[0]
        raise InputError(
            str(error.full_key), what, "a value, or ${key} of a key that exists", "correct it"
        ) from None
    assert isinstance(tree, dict)
    return {str(key): _unfold_dates(hide(value)) for key, value in tree.items()}


def fold_dates(value: Any) -> Any:
    """Make dated levers texts such as `{2020-01-01: 0.0, 2020-06-16: 0.1}`; see `resolve`.

    Parameters
    ----------
    value : plain containers and values, as they are read from YAML.
    """
    if isinstance(value, list):
        return [fold_dates(entry) for entry in value]
    if not isinstance(value, Mapping):
        return value
    if value and all(_is_step(day, step) for day, step in value.items()):
        steps = (f"{day}: {'null' if step is None else step}" for day, step in value.items())
        return f"{{{', '.join(steps)}}}"
    return {key: fold_dates(entry) for key, entry in value.items()}


def _is_step(day: Any, step: Any) -> bool:
    """Tell whether a text can say so: other values stay where validation finds them."""
    if isinstance(step, str):
        is_plain = _INTERPOLATION.fullmatch(step) is not None
    else:
        is_plain = step is None or (isinstance(step, int | float) and math.isfinite(step))
    return is_plain and _DAY.fullmatch(str(day)) is not None


def _unfold_dates(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _unfold_dates(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_unfold_dates(entry) for entry in value]
    if not isinstance(value, str) or not _DATED.fullmatch(value):
        return value
    try:
        return OmegaConf.to_container(OmegaConf.create(value), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException):
        return value


def dump(spec: BaseModel) -> str:
    """Return YAML from which Hydra loads `spec` again."""
    return OmegaConf.to_yaml(OmegaConf.create(_plain(spec)))


def _whole(value: Any) -> Any:
    """Make floats without a fraction integers, so that `scale.buyers_count=1e6` is a count."""
    if isinstance(value, Mapping):
        return {key: _whole(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Any:
    """Make specifications mappings, and dated levers what a user writes."""
    if isinstance(value, Dated):
        days = {str(day): step for day, step in value.steps}
        return days if len(days) > 1 else value.steps[0][1]
    if isinstance(value, BaseModel):
        return {name: _plain(entry) for name, entry in value}
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, date) else value

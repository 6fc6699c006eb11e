"""Refuses a value for a lever that the search moves: it would do nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser

from engine.errors import CombinedInputError, InputError
from engine.spec.study import OptimizeJob

GROUP: Final = "policy"


def check_overrides(job: OptimizeJob, overrides: Sequence[str]) -> None:
    """Refuse overrides such as `policy.price.cap=0.9` where `space` searches `price.cap`.

    Parameters
    ----------
    job : the job that they led to.
    overrides : what was typed.

    Raises
    ------
    InputError
        Naming the bounds that can be set instead.
    """
    given = [path for path in _given(overrides) if path in job.space.levers]
    if given:
        raise CombinedInputError([_is_searched(path, job) for path in given])


def _given(overrides: Sequence[str]) -> Iterator[str]:
    """Yield the paths below `policy` to which a value is given."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.key_or_group
        if key.startswith(f"{GROUP}.") and not override.is_delete():
            yield from _paths(key.removeprefix(f"{GROUP}."), override.value())


def _paths(path: str, value: Any) -> Iterator[str]:
    yield path
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _paths(f"{path}.{name}", entry)


def _is_searched(path: str, job: OptimizeJob) -> InputError:
    lever, where = job.space.levers[path], f"space.levers.{path}"
    if lever.choices is not None:
        what = f"is searched among {', '.join(map(str, lever.choices))}"
        remedy = f"change {where}.choices"
    else:
        low, high = lever.bounds
        what = f"is searched from {low:g} to {high:g}"
        remedy = f"move its bounds by {where}.low=... {where}.high=..."
    return InputError(
        f"{GROUP}.{path}",
        f"{what}: a value of its own does nothing",
        f"levers that the space {job.space.name} does not search",
        f"{remedy}, or add ~{where} to fix it",
    )

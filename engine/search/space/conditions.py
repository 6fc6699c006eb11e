"""Levers that are only free while another one meets a condition.

A sampler is asked for every lever in every trial, and a value that does not count is left
aside: the space has one shape, so that all samplers see whole points and none keeps a state;
a coordinate without effect is all that costs.
"""

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from engine.errors import InputError
from engine.spec.explain import nearest
from engine.spec.space import AT, SearchedLever, When


class Conditions:
    """The conditions of one space.

    Parameters
    ----------
    levers
        All searched levers, by path.
    whole
        Paths of those that are whole numbers.

    Raises
    ------
    InputError
        If a condition names what is not searched, can never hold, or waits for itself.
    """

    def __init__(self, levers: Mapping[str, SearchedLever], whole: AbstractSet[str]) -> None:
        self._levers = levers
        names = [name for path, lever in levers.items() for name in lever.names(path)]
        for path, lever in levers.items():
            if lever.when is not None:
                _check(f"space.levers.{path}.when", lever.when, levers, names, whole)
        self._order = [path for path in self._sorted() if levers[path].when is not None]

    def inactive(self, values: Mapping[str, Any], base: Mapping[str, Any]) -> set[str]:
        """Return the paths that keep the base policy's value.

        Parameters
        ----------
        values, base : every searched value by name, as proposed and in the base policy.
        """
        found: set[str] = set()
        for path in self._order:
            when = self._levers[path].when
            assert when is not None
            source = base if _path(when.lever) in found else values
            if not when.holds(source[when.lever]):
                found.add(path)
        return found

    def _sorted(self) -> list[str]:
        """Return the paths, each after the one that its condition reads."""
        done: list[str] = []
        for path in self._levers:
            chain = list(self._chain(path))
            done += [one for one in reversed(chain) if one not in done]
        return done

    def _chain(self, path: str) -> Iterator[str]:
        """Yield a lever, the one that it waits for, the one that this waits for, …."""
        seen: list[str] = []
        while True:
            if path in seen:
                raise _cycle([*seen[seen.index(path) :], path])
            seen.append(path)
            yield path
            when = self._levers[path].when
            if when is None:
                return
            path = _path(when.lever)


def _path(name: str) -> str:
    return name.partition(AT)[0]


def _cycle(paths: list[str]) -> InputError:
    return InputError(
        f"space.levers.{paths[0]}.when",
        f"waits for itself: {' → '.join(paths)}",
        "conditions that end at a lever without one",
        f"take the condition of one of them out: ~space.levers.{paths[0]}.when",
    )


def _check(
    where: str,
    when: When,
    levers: Mapping[str, SearchedLever],
    names: list[str],
    whole: AbstractSet[str],
) -> None:
    if when.lever not in names:
        match = nearest(when.lever, names)
        raise InputError(
            f"{where}.lever",
            f"{when.lever} is not searched",
            ", ".join(names),
            f"did you mean {match}?" if match else "name one of them, or leave the condition out",
        )
    path = _path(when.lever)
    if not _can_hold(when, levers[path], is_whole=path in whole):
        raise InputError(
            where,
            f"can never hold for {when.lever}",
            _allowed(levers[path]),
            "change it, or leave the lever out of the space",
        )


def _can_hold(when: When, lever: SearchedLever, *, is_whole: bool) -> bool:
    """Return whether some value meets a condition; one exact number of a range is never drawn."""
    if lever.choices is not None:
        return any(_holds(when, choice) for choice in lever.choices)
    low, high = lever.bounds
    if when.equals is not None:
        comes_up = is_whole and isinstance(when.equals, int | float)
        return comes_up and low <= float(when.equals) <= high and when.holds(when.equals)
    above = low if when.above is None else max(low, when.above)
    below = high if when.below is None else min(high, when.below)
    if is_whole:
        return any(when.holds(value) for value in range(math.ceil(above), math.floor(below) + 1))
    return above < below


def _holds(when: When, choice: Any) -> bool:
    is_number = isinstance(choice, int | float)
    return when.holds(choice) if is_number or (when.above, when.below) == (None, None) else False


def _allowed(lever: SearchedLever) -> str:
    if lever.choices is not None:
        return f"conditions on {', '.join(map(str, lever.choices))}"
    low, high = lever.bounds
    return f"above and below, from {low:g} to {high:g}; equals for whole numbers and choices"

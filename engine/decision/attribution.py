"""What each thing that a policy does otherwise than today's brings, in RMB, paired.

For the differences d_1, …, d_n of a policy P from today's policy B (`differences`), under
common populations and random numbers:

    leave-one-out   what d_i brings to P       Y(P) - Y(P without d_i)
    one-at-a-time   what d_i brings to B       Y(B with d_i) - Y(B)
    together        Y(P) - Y(B)
    interaction     together - sum of the one-at-a-time effects

A lever that is not moved gets no row, nor one that cannot act. Each row is a mean over
replications of which each is a mean over worlds, weighted if weights are given, which share
their seeds (`engine.stats.paired`), with Student's 95 % interval. With one difference the two
views are one, and nothing is left over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from engine.case import Case, RunResult
from engine.compute import Runner
from engine.decision.inert import differences, one_by_one
from engine.decision.names import lever_phrase, policy_name
from engine.errors import InputError
from engine.spec.kinds import Kind
from engine.spec.policy import Policy
from engine.stats.arrays import Floats
from engine.stats.intervals import Interval, mean_interval
from engine.stats.paired import independent_units, means_by

_View = Literal["leave_one_out", "one_at_a_time", "together", "interaction"]

_MEASURES: Final = ("gmv_paid_fen", "platform_contribution_fen")
"""Columns of `runs` whose effects are reported unless others are asked for, fen."""

_TODAY: Final = "today"
_WHOLE: Final = "whole"
_WITHOUT: Final = "without "
_WITH: Final = "with "

_Key = tuple[str, int, int, int]


class Attribution(NamedTuple):
    """One effect: of a lever, by its path, or of all; `effect` in the measure's unit."""

    policy: str
    lever: str
    says: str
    view: _View
    measure: str
    effect: Interval
    pairs_count: int


class _Pair(NamedTuple):
    """Two policies whose differences are looked at, as `differences` takes them."""

    policy: Policy
    today: Policy
    kinds: tuple[Kind, ...]
    decision_date: date | None = None


def attributions(
    like: Sequence[Case],
    policy: Policy,
    today: Policy,
    decision_date: date | None,
    pool: Runner,
    weights: Mapping[str, float],
) -> list[Attribution]:
    """Simulate what is needed, and return what each difference brings, measure by measure.

    Parameters
    ----------
    like
        See `_cases`.
    policy, today, decision_date
        See `differences`.
    pool
        Simulates.
    weights
        How much each world counts.
    """
    pair = _Pair(policy, today, like[0].scenario.kinds, decision_date)
    return _attributions(list(pool.run(_cases(like, pair))), pair, weights=weights)


def _attributed_policies(pair: _Pair) -> dict[str, Policy]:
    """Return the policies to simulate, by their part in the attribution.

    Today's, the policy without its inert levers, and one of each difference: the policy without
    it, and today's with it. With one difference these are the first two.
    """
    whole, parts = one_by_one(*pair)
    found = {_TODAY: pair.today, _WHOLE: whole}
    if len(parts) > 1:
        for path, (without, with_it) in parts.items():
            found[_WITHOUT + path], found[_WITH + path] = without, with_it
    return {part: one.model_copy(update={"name": part}) for part, one in found.items()}


def _cases(like: Sequence[Case], pair: _Pair) -> list[Case]:
    """List the runs to simulate: every policy in every run of `like`.

    Parameters
    ----------
    like
        One run of each world and replication, of whatever policy: worlds, seeds, scale, history
        and decision are taken from there.
    pair
        The policies.
    """
    parts = _attributed_policies(pair)
    return [replace(case, policy=part) for part in parts.values() for case in like]


def _attributions(
    results: Sequence[RunResult],
    pair: _Pair,
    measures: Sequence[str] = _MEASURES,
    weights: Mapping[str, float] | None = None,
) -> list[Attribution]:
    """Reduce the runs of `_cases`, in any order, to effects, measure by measure.

    Parameters
    ----------
    results
        What was simulated.
    pair
        The policies.
    measures
        Columns of `runs`.
    weights
        How much each world counts; none: all the same.

    Raises
    ------
    InputError
        If runs are missing.
    """
    moved, parts = differences(*pair), _attributed_policies(pair)
    runs = _by_part(results, parts)
    keys = sorted(runs[_TODAY])
    units = independent_units([key[1] for key in keys], [key[3] for key in keys])
    shares = np.array([1.0 if weights is None else weights[key[0]] for key in keys])
    rows: list[Attribution] = []
    for measure in measures:
        found: dict[str, Floats] = {
            part: means_by(units, np.array([own[key][measure] for key in keys], np.float64), shares)
            for part, own in runs.items()
        }
        effects = _effects([one.path for one in moved], found)
        says = {one.path: lever_phrase(one) for one in moved} | {"": policy_name(moved)}
        rows += [
            Attribution(
                pair.policy.name, path, says[path], view, measure, mean_interval(effect), len(keys)
            )
            for (path, view), effect in effects.items()
        ]
    return rows


def _effects(paths: Sequence[str], found: Mapping[str, Floats]) -> dict[tuple[str, _View], Floats]:
    """Return the effects by lever, empty for all, and view, (units,) each."""
    today, whole = found[_TODAY], found[_WHOLE]
    effects: dict[tuple[str, _View], Floats] = {("", "together"): whole - today}
    alone = np.zeros(today.size)
    for path in paths:
        without, with_it = found.get(_WITHOUT + path, today), found.get(_WITH + path, whole)
        effects[path, "leave_one_out"] = whole - without
        effects[path, "one_at_a_time"] = with_it - today
        alone = alone + (with_it - today)
    effects["", "interaction"] = whole - today - alone
    return effects


def _by_part(
    results: Sequence[RunResult], parts: Mapping[str, Policy]
) -> dict[str, dict[_Key, Mapping[str, Any]]]:
    """Return the runs of each part by world, replication, seed and population."""
    runs: dict[str, dict[_Key, Mapping[str, Any]]] = {part: {} for part in parts}
    for result in results:
        of = result.labels
        if of["policy"] in runs:
            key = (of["world"], of["replication"], of["seed"], of["population"])
            runs[of["policy"]][key] = result.run
    for part, own in runs.items():
        if not own or own.keys() != runs[_TODAY].keys():
            raise InputError(
                "attribution",
                f"the runs of {part!r} are not those of {_TODAY!r}",
                "all runs of the attribution",
                "simulate them all, with the same worlds and seeds",
            )
    return runs

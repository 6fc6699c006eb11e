"""Levers that cannot act, and what a policy does that today's does not.

A lever is inert where nothing that it needs acts (`Lever.needs`, declared beside it): a coupon
rate without a purse, a price cap without plan days, a push without a target. To move an inert
lever changes nothing of the market. So each takes the value of today's policy before two
policies are compared, and only what can have an effect is reported. Levers that others
need are looked at last: of a policy without coupons the purse is the difference, not each rate.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from engine.spec.base import Dated, MarketSize
from engine.spec.kinds import Kind
from engine.spec.levers import LeverEntry, levers_of, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.space import Space

GOAL: Final = "target.year_end_bn_rmb"
KNOTS: Final = "target.knots"
_REVISIONS: Final = "target.revisions"


class Difference(NamedTuple):
    """One lever that a policy moves from today's value, and can move something by.

    `own` and `was` are numbers, one of the lever's choices, a `Dated` value from the decision on,
    or the knots of the target; the target's revisions belong to its goal, a `Dated` value.
    `lever` is what the engine knows of it; none of the knots.
    """

    path: str
    own: Any
    was: Any
    lever: LeverEntry | None


_Kinds = tuple[Kind, ...]
"""The scenario's kinds of supplier: which levers there are follows from them."""


def _stripped(policy: Policy, today: Policy, kinds: _Kinds) -> Policy:
    """Return the policy with the values of `today` wherever a lever is inert.

    Every market goes the same way under it, to the last fen; but who is in the brand plan when
    its plan days end keeps to the policy's own commission floor until the next review.
    """
    found = policy
    for path in reversed([*levers_of(kinds)]):
        if not _can_act(path, found, kinds):
            found = _with_values_of(found, today, path)
    return found


def differences(
    policy: Policy, today: Policy, kinds: _Kinds, decision_date: date | None = None
) -> tuple[Difference, ...]:
    """Return what the policy does otherwise than today's from a date on, inert levers left out.

    Parameters
    ----------
    policy, today
        What may be done, and what is done now.
    kinds
        The scenario's.
    decision_date
        Morning from which the policy is in force: values before it count for nothing.
    """
    own = _stripped(policy, today, kinds)
    return tuple(
        Difference(path, mine, its, levers_of(kinds).get(path))
        for path in _paths(kinds)
        for mine, its in ((_since(own, path, decision_date), _since(today, path, decision_date)),)
        if mine != its and not (path == KNOTS and not path_acts(own, kinds))
    )


def beyond_limits(
    policy: Policy,
    today: Policy,
    space: Space,
    kinds: _Kinds,
    decision_date: date | None = None,
) -> tuple[Difference, ...]:
    """Return the levers by which a given policy lies outside the limits that a space was given.

    A space may hold no point for a policy for other reasons: what it moves is not searched. A limit
    counts only where it is narrower than what the catalogue says is worth searching (a lever's
    `search`): of the others nobody said that they bind a policy. A lever that would be inert with
    all of them within their limits may be anywhere, as in the space itself. One that is off may be
    so where the catalogue's own range has no place for it: no target is no target below the least.

    Parameters
    ----------
    policy, today, kinds, decision_date
        See `differences`.
    space
        Whose levers have low and high, or choices that are numbers.
    """
    known = levers_of(kinds)
    own = {path: _since(policy, path, decision_date) for path in space.levers}
    near = {path: _within(own[path], path, space, known[path]) for path in own}
    beyond = [path for path in own if near[path] != own[path]]
    moved = {path: near[path] for path in beyond if path != GOAL}
    within = set_levers(policy, moved, policy.name)
    return tuple(
        Difference(path, own[path], _since(today, path, decision_date), known[path])
        for path in beyond
        if _can_act(path, within, kinds)
    )


def _within(value: Any, path: str, space: Space, lever: LeverEntry) -> Any:
    """A lever's value, or every step of it, put within the limits that were narrowed."""
    searched = space.levers[path]
    ends = searched.ends if searched.choices is None else searched.choices
    if lever.choices or not all(isinstance(end, int | float) for end in ends):
        return value
    least, most = lever.search_in(space.size or MarketSize())
    low, high = min(map(float, ends)), max(map(float, ends))
    low, high = low if low > least else -math.inf, high if high < most else math.inf
    stays = lever.off if lever.off is not None and not least <= lever.off <= most else None

    def put(one: Any) -> Any:
        return one if one == stays else type(one)(min(max(one, low), high))

    if isinstance(value, Dated):
        return Dated.model_validate({day: put(one) for day, one in value.steps})
    return put(value)


def one_by_one(
    policy: Policy, today: Policy, kinds: _Kinds, decision_date: date | None = None
) -> tuple[Policy, dict[str, tuple[Policy, Policy]]]:
    """Return the policy without its inert levers, and by difference two policies with it apart.

    By the difference's path: the policy without it, and today's with it.

    Parameters
    ----------
    policy, today, kinds, decision_date
        See `differences`.
    """
    whole = _stripped(policy, today, kinds)
    paths = [one.path for one in differences(policy, today, kinds, decision_date)]
    return whole, {
        path: (_with_values_of(whole, today, path), _with_values_of(today, whole, path))
        for path in paths
    }


def _with_values_of(policy: Policy, other: Policy, *paths: str) -> Policy:
    """Return the policy with some levers as in another; the goal brings its revisions along."""
    whole = [name for path in paths for name in ((path, _REVISIONS) if path == GOAL else (path,))]
    return set_levers(policy, {name: policy_value(other, name) for name in whole}, policy.name)


def path_acts(policy: Policy, kinds: _Kinds) -> bool:
    """Return whether the path of the policy's target can move anything."""
    return not _is_off(levers_of(kinds)[GOAL], policy) and _can_act(GOAL, policy, kinds)


def _paths(kinds: _Kinds) -> Iterator[str]:
    for path in levers_of(kinds):
        yield path
        if path == GOAL:
            yield KNOTS


def _can_act(path: str, policy: Policy, kinds: _Kinds) -> bool:
    """Whether some value of a lever would do something while the others stay.

    Where what it needs acts if it does. A lever that is off can act where another value of it
    would do something.
    """
    known = levers_of(kinds)
    on = {
        name: math.inf if name == path else max(_values(policy, name))
        for name, lever in known.items()
        if not lever.choices and (name == path or not _is_off(lever, policy))
    }
    while True:  # to the largest set of levers that are on and whose needs are in it
        left = {name: value for name, value in on.items() if _has_needs(known[name], known, on)}
        if left == on:
            return bool(known[path].choices) or path in on
        on = left


def _is_off(lever: LeverEntry, policy: Policy) -> bool:
    return lever.off is not None and set(_values(policy, lever.path)) == {lever.off}


def _has_needs(lever: LeverEntry, known: Mapping[str, LeverEntry], on: Mapping[str, float]) -> bool:
    needs = lever.needs
    return not needs or any(all(_is_met(need, known, on) for need in row) for row in needs)


def _is_met(need: str, known: Mapping[str, LeverEntry], on: Mapping[str, float]) -> bool:
    path, _, reached = need.partition("=")
    if reached:
        return path in on and on[path] >= float(reached)
    return any(name == path or known[name].group == path for name in on)


def _values(policy: Policy, path: str) -> list[Any]:
    """All values that a lever has at some time."""
    value = _whole(policy, path)
    return [step for _, step in value.steps] if isinstance(value, Dated) else [value]


def _whole(policy: Policy, path: str) -> Any:
    """A lever's value; the target's goal with its revisions is a dated one."""
    value = policy_value(policy, path)
    if path != GOAL:
        return value
    revisions = {revision.day: revision.year_end_bn_rmb for revision in policy.target.revisions}
    return Dated.model_validate({date.min: value, **revisions})


def _since(policy: Policy, path: str, day: date | None) -> Any:
    """A lever's value from a day on: without steps that have passed or change nothing."""
    value = _whole(policy, path)
    if not isinstance(value, Dated):
        return value
    first = day or date.min
    steps = [(first, value.on(first)), *(step for step in value.steps if step[0] > first)]
    kept = [steps[0], *(late for early, late in pairwise(steps) if late[1] != early[1])]
    return Dated.model_validate(dict(kept))

"""Every mechanism off in turn, paired against all on under common random numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from engine.case import Case, RunResult
from engine.compare import INCREMENTAL, paired
from engine.spec.mechanisms import MECHANISMS

_ALL_ON: Final = "all_on"
_PREFIX: Final = "without_"
COMMON: Final = "gmv_paid_fen"
"""The measure that is shown for every mechanism beside its own."""
_ENDS: Final = ("difference", "ci_low", "ci_high")


def ablations(cases: Sequence[Case]) -> Iterator[Case]:
    """Each case with all mechanisms as they are, then with each one that is on turned off.

    The policy's name says which; everything else, random streams included, stays.
    """
    for case in cases:
        yield _named(case, _ALL_ON)
        switches = case.scenario.mechanisms
        for mechanism in MECHANISMS:
            if getattr(switches, mechanism.name):
                off = switches.model_copy(update={mechanism.name: False})
                scenario = case.scenario.model_copy(update={"mechanisms": off})
                yield _named(replace(case, scenario=scenario), _PREFIX + mechanism.name)


def effects(results: Sequence[RunResult]) -> list[dict[str, Any]]:
    """Rows of `ablation`: what each measure loses or gains when a mechanism is off.

    A mechanism's own measures are those of `Mechanism.shows_in`.
    """
    rows = []
    known = {mechanism.name: mechanism for mechanism in MECHANISMS}
    own = {name: mechanism.shows_in for name, mechanism in known.items()}
    measures = list(dict.fromkeys([COMMON, *(name for names in own.values() for name in names)]))
    for row in paired(results, _ALL_ON, measures):
        mechanism = row["policy"].removeprefix(_PREFIX)
        if row["measure"] != INCREMENTAL:
            title, is_own = known[mechanism].title, row["measure"] in own[mechanism]
            rows.append({"mechanism": mechanism, "title": title, "is_own": is_own} | row)
    return rows


def indistinguishable(rows: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Mechanisms without a distinguishable effect on any of their own measures; whether they acted.

    One that never acted leaves every measure of every pair exactly as it is when it is off: more
    replications do not help.
    """
    told = {row["mechanism"] for row in rows if row["is_own"] and is_distinguishable(row)}
    acted = {row["mechanism"] for row in rows if any(row[end] for end in _ENDS)}
    names = dict.fromkeys(row["mechanism"] for row in rows)
    return {name: name in acted for name in names if name not in told}


def is_distinguishable(row: Mapping[str, Any]) -> bool:
    """Whether the 95 % interval of a difference leaves out zero.

    Where all pairs agree there is no interval, and any difference is distinguishable: a mechanism
    may stop a flow altogether.
    """
    if row["ci_low"] is None:
        return bool(row["difference"] != 0)
    return bool(row["ci_low"] > 0 or row["ci_high"] < 0)


def _named(case: Case, name: str) -> Case:
    return replace(case, policy=case.policy.model_copy(update={"name": name}))

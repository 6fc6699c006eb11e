"""Random valid worlds and policies: numbers of every schema at the ends of their ranges."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from engine.case import Case
from engine.rng import Purpose, derive_seed
from engine.spec.base import Dated
from engine.spec.levers import set_levers
from engine.spec.scenario import Scenario
from tests.kinds import LEVERS
from tests.worlds import case

POLICIES = ("h1_2020", "double_ten_billion", "all_levers", "laissez_faire")
LEFT_OUT = ("calendar", "mechanisms", "size")
"""Parts of a scenario that are not numbers with a range of their own."""
MOST = {"anchors.market_count": 3000, "suppliers.goods_count": 8}
"""Where more would only take longer."""
LEAST = {"platform.pool_count": 10_000}
FAR = 20.0
"""By what a number without a range is multiplied, and divided."""


class Number(NamedTuple):
    """A number of a scenario, and the ends of its range."""

    path: tuple[str, ...]
    low: float
    high: float


def numbers(spec: BaseModel, above: tuple[str, ...] = ()) -> Iterator[Number]:
    """Every number of a specification that has a field of its own."""
    for name, value in spec:
        path, field = (*above, name), type(spec).model_fields.get(name)
        if path[0] in LEFT_OUT or name == "count_share" or isinstance(value, bool | Dated):
            continue
        if isinstance(value, BaseModel):
            yield from numbers(value, path)
        elif isinstance(value, int | float):
            low, high = _range(field.metadata if field else (), value)
            dotted = ".".join(path)
            yield Number(path, LEAST.get(dotted, low), min(high, MOST.get(dotted, high)))


def _range(metadata: Any, value: float) -> tuple[float, float]:
    whole, low, high = isinstance(value, int), 0.0, FAR * max(value, 1)
    for limit in metadata:
        step = 1 if whole else 1e-3
        low = getattr(limit, "ge", low)
        low = low if getattr(limit, "gt", None) is None else limit.gt + step
        high = getattr(limit, "le", high)
        high = high if getattr(limit, "lt", None) is None else limit.lt - step
    return (int(low), int(high)) if whole else (low, high)


BASE = case(days=1)
SCENARIO = {".".join(number.path): number for number in numbers(BASE.scenario)}
HORIZONS = {
    "one day": (date(2020, 1, 1), date(2020, 1, 1)),
    "around 29 February": (date(2020, 2, 27), date(2020, 3, 2)),
    "around New Year": (date(2020, 12, 30), date(2021, 1, 3)),
    "a festival": (date(2020, 6, 15), date(2020, 6, 18)),
}

ends = st.sampled_from(["low", "high"])
scenarios = st.dictionaries(st.sampled_from(sorted(SCENARIO)), ends, max_size=8)
levers = st.dictionaries(
    st.sampled_from(sorted(path for path, lever in LEVERS.items() if not lever.choices)),
    ends,
    max_size=10,
)
scales = st.fixed_dictionaries(
    {
        "buyers_count": st.sampled_from([1, 30, 300]),
        "anchors_count": st.sampled_from([1, 2, 40]),
        "suppliers_count": st.sampled_from([5, 40]),
        "showcase_count": st.sampled_from([1, 6, 16]),
    }
)


def scenario_at(changes: dict[str, str]) -> Scenario | None:
    """The scenario with some numbers at an end of their range; None if no world is like that."""
    tree = BASE.scenario.model_dump()
    for path, end in changes.items():
        *groups, leaf = SCENARIO[path].path
        place = tree
        for group in groups:
            place = place[group]
        place[leaf] = getattr(SCENARIO[path], end)
    try:
        return Scenario.model_validate(tree)
    except ValidationError:
        return None


def policy_at(name: str, changes: dict[str, str]) -> Any:
    """A policy with some levers at an end of their range; None if there is none like that."""
    policy = case(f"policy={name}", days=1).policy
    values: dict[str, Any] = {}
    for path, end in changes.items():
        value = getattr(LEVERS[path], end)
        values[path] = int(value) if LEVERS[path].integer else value
    values["target.revisions"] = ()
    try:
        return set_levers(policy, values, name)
    except ValidationError:
        return None


def case_of(
    scenario: Scenario, policy: Any, scale: dict[str, int], horizon: str, seed: int
) -> Case:
    """A case of the horizon, whose first day is the market's too."""
    start, end = HORIZONS[horizon]
    calendar = scenario.calendar.model_copy(
        update={"first_day": None, "start": start, "end": end, "absences": (), "trial_streams": ()}
    )
    return replace(
        BASE,
        scenario=scenario.model_copy(update={"calendar": calendar}),
        policy=policy,
        scale=BASE.scale.model_copy(update=scale),
        world_seed=seed % 2,
        run_seed=derive_seed(seed, Purpose.REPLICATION, 0),
    )

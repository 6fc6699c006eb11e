"""Levers of every kind: choices, dates, conditions, and rules among them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import BaseModel, ValidationError

from engine.case import Case, RunResult
from engine.checks import check_job
from engine.design.cube import UnitCube
from engine.errors import InputError
from engine.search.space import policy_space
from engine.search.space.policy_space import PolicySpace
from engine.spec.levers import _levers_in
from engine.spec.space import Space
from tests.fakes import simulate_fake, small_policy
from tests.kinds import LEVERS
from tests.search.jobs import results, run, small_job

RATE, OTHER = "subsidy.rate.source", "subsidy.rate.partner"
EARLY, LATE = date(2020, 1, 1), date(2020, 2, 16)
STAGED = {"low": 0.0, "high": 0.4, "dates": [str(EARLY), str(LATE)]}
TREE: dict[str, Any] = {
    RATE: STAGED,
    OTHER: {"low": 0.0, "high": 0.3},
    "subsidy.cap_rmb": {"choices": [10, 20.5, 50]},
    "price.plan_festivals_count": {"low": 0, "high": 6},
    "price.cap": {
        "low": 0.6,
        "high": 0.9,
        "when": {"lever": "price.plan_festivals_count", "above": 0},
    },
    "price.cps_floor": {"low": 0.1, "high": 0.3, "when": {"lever": "price.cap", "below": 0.8}},
}
RULES: dict[str, Any] = {
    "steady": {"terms": {f"{RATE}@{LATE}": 1, f"{RATE}@{EARLY}": -1}, "at_least": 0},
    "together": {"terms": {f"{RATE}@{LATE}": 1, OTHER: 1}, "at_most": 0.4},
    "plan": {"terms": {"price.plan_festivals_count": 1, OTHER: -10}, "at_most": 3},
}


def tree(levers: Mapping[str, Any], rules: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": "kinds",
        "levers": levers,
        "rules": rules or {},
        "trajectory": False,
        "trajectory_knots_count": 3,
    }


def space(levers: Mapping[str, Any], rules: Mapping[str, Any] | None = None) -> PolicySpace:
    return PolicySpace(Space.model_validate(tree(levers, rules)), small_policy("base"), LEVERS)


ALL = space(TREE, RULES)
POINT: dict[str, Any] = {
    f"{RATE}@{EARLY}": 0.1,
    f"{RATE}@{LATE}": 0.2,
    OTHER: 0.15,
    "subsidy.cap_rmb": 20.5,
    "price.plan_festivals_count": 2,
    "price.cap": 0.7,
    "price.cps_floor": 0.2,
}


# --- Choices


def test_choices_are_categories_and_reach_the_policy() -> None:
    found = ALL.distributions["subsidy.cap_rmb"]
    assert found == CategoricalDistribution((10, 20.5, 50))
    assert ALL.policy(POINT, "mine").subsidy.cap_rmb.on(LATE) == 20.5


@pytest.mark.parametrize(
    ("lever", "what"),
    [
        ({"subsidy.cap_rmb": {"choices": [0, 20]}}, "0 is not in the lever's own range"),
        ({"subsidy.cap_rmb": {"choices": [True, 20]}}, "True is not in"),
        ({"subsidy.cap_rmb": {"choices": ["low", 20]}}, "'low' is not in"),
        ({"price.plan_festivals_count": {"choices": [1, 1.5]}}, "1.5 is not in"),
    ],
)
def test_choices_beyond_the_lever_are_refused(lever: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        space(lever)


@pytest.mark.parametrize(
    ("lever", "what"),
    [
        ({"choices": [10]}, "at least 2"),
        ({"choices": [10, 10.0]}, "repeat a value"),
        ({"choices": [10, 20], "low": 1}, "beside bounds"),
        ({"low": 1}, "neither bounds nor choices"),
        ({"low": 2, "high": 1}, "must lie below high"),
        ({"low": 1, "high": 2, "dates": ["2020-06-01", "2020-01-01"]}, "order of time"),
        ({"low": 1, "high": 2, "dates": ["2020-06-41"]}, "date"),
        ({"low": 1, "high": 2, "when": {"lever": "price.cap"}}, "says nothing"),
    ],
)
def test_levers_of_no_kind_are_refused(lever: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Space.model_validate(tree({"subsidy.cap_rmb": lever}))


class Toy(BaseModel):
    """A policy with levers that are no numbers, as one may come to have."""

    gate: bool
    mode: Literal["open", "shut"]


def test_levers_that_are_no_numbers_take_choices_of_their_own_only() -> None:
    known = {lever.path: lever for lever in _levers_in(Toy, ())}
    assert known["gate"].choices == (False, True)

    def check(path: str, lever: dict[str, Any]) -> None:
        (searched,) = Space.model_validate(tree({path: lever})).levers.values()
        policy_space._check_lever(path, searched, known)

    check("mode", {"choices": ["shut", "open"]})
    with pytest.raises(InputError, match="'ajar' is not in"):
        check("mode", {"choices": ["shut", "ajar"]})
    with pytest.raises(InputError, match="has no bounds"):
        check("gate", {"low": 0, "high": 1})


# --- Dates


def test_a_dated_lever_has_a_free_value_from_each_date_on() -> None:
    assert ALL.distributions[f"{RATE}@{LATE}"] == FloatDistribution(0.0, 0.4)
    assert RATE not in ALL.distributions
    rate = ALL.policy(POINT, "mine").subsidy.rate.source
    assert rate.steps == ((EARLY, 0.1), (LATE, 0.2))
    columns = ALL.lever_columns(ALL.policy(POINT, "mine"))
    assert columns[f"lever.{RATE}@{EARLY}"] == 0.1
    assert columns[f"lever.{RATE}@{LATE}"] == 0.2
    assert f"lever.{RATE}" not in columns


def test_a_policy_that_changes_on_those_dates_is_held() -> None:
    held = ALL.policy(POINT, "mine")
    assert ALL.point_of(held) == POINT
    other = held.model_copy(update={"target": held.target.model_copy(update={"load_push": 0.1})})
    assert ALL.point_of(other) is None


def test_a_lever_of_the_whole_year_takes_no_dates() -> None:
    dated = {"low": 1, "high": 2, "dates": ["2020-01-01"]}
    with pytest.raises(InputError, match="takes no dates"):
        space({"subsidy.budget_bn_rmb": dated})


@pytest.mark.parametrize(
    ("dates", "what"),
    [
        (["2020-01-01", "2021-06-16"], "2021-06-16 lies outside the years"),
        (["2020-02-16"], "nothing says what holds before"),
    ],
)
def test_dates_outside_the_year_are_refused(
    dates: list[str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.checks._target", lambda *_: [])
    monkeypatch.setattr("engine.checks._memory", lambda *_: [])
    monkeypatch.setattr("engine.checks.overflow_mistakes", lambda *_: [])
    dated = tree({RATE: STAGED | {"dates": dates}})
    with pytest.raises(InputError, match=what) as error:
        check_job(small_job(space=dated))
    assert error.value.where == f"space.levers.{RATE}.dates"


# --- Conditions


@pytest.mark.parametrize(
    ("festivals", "cap", "inactive"),
    [
        (2, 0.7, set()),
        (2, 0.85, {"price.cps_floor"}),
        (0, 0.7, {"price.cap", "price.cps_floor"}),  # the base's cap of 1 is not below 0.8
    ],
)
def test_a_lever_whose_condition_fails_stays_as_in_the_base(
    festivals: int, cap: float, inactive: set[str]
) -> None:
    point = POINT | {"price.plan_festivals_count": festivals, "price.cap": cap}
    policy, base = ALL.policy(point, "mine"), small_policy("base")
    expected = {"price.cap": cap, "price.cps_floor": 0.2}
    for path, value in expected.items():
        wanted = policy_space._lever_value(base, path) if path in inactive else value
        assert policy_space._lever_value(policy, path) == wanted
        assert ALL.lever_columns(policy)[f"lever.{path}"] == wanted
    assert not {path for path in inactive for said in ALL.at_bound(point) if said.startswith(path)}
    held = ALL.point_of(policy)
    assert held is not None
    assert ALL.policy(held, "mine") == policy


def test_a_condition_may_ask_for_a_choice_or_a_whole_number() -> None:
    for name, lever in (
        ("subsidy.cap_rmb", TREE["subsidy.cap_rmb"]),
        ("price.plan_festivals_count", {"low": 0, "high": 20, "integer": True} | {"high": 12}),
    ):
        when = {"lever": name, "equals": 10}
        found = space({name: lever, OTHER: {"low": 0.2, "high": 0.3, "when": when}})
        for value in (10, 12 if "price" in name else 50):
            rate = found.policy({name: value, OTHER: 0.25}, "mine").subsidy.rate.partner.on(LATE)
            assert rate == (0.25 if value == 10 else 0.1)


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ({"lever": "price.cup", "above": 0.7}, "price.cup is not searched"),
        ({"lever": RATE, "above": 0.1}, f"{RATE} is not searched"),
        ({"lever": "price.cap", "above": 0.95}, "can never hold"),
        ({"lever": "price.cap", "equals": 0.7}, "can never hold"),
        ({"lever": "price.cap", "above": 0.8, "below": 0.7}, "can never hold"),
        ({"lever": "subsidy.cap_rmb", "equals": 30}, "can never hold"),
        ({"lever": OTHER, "above": 0.1}, f"waits for itself: {OTHER} → {OTHER}"),
        ({"lever": "price.cps_floor", "above": 0.2}, "waits for itself"),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(when: dict[str, Any], what: str) -> None:
    cap = {"low": 0.6, "high": 0.9}
    floor = {"low": 0.1, "high": 0.3, "when": {"lever": OTHER, "above": 0.1}}
    waiting = {OTHER: {"low": 0.0, "high": 0.3, "when": when}}
    with pytest.raises(InputError, match=what) as error:
        space(TREE | {"price.cap": cap, "price.cps_floor": floor} | waiting)
    assert error.value.where.startswith("space.levers.")


# --- Rules


def sums(values: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: sum(coefficient * values[path] for path, coefficient in rule["terms"].items())
        for name, rule in RULES.items()
    }


@settings(max_examples=200)
@given(st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_what_is_simulated_satisfies_the_rules(shares: list[float]) -> None:
    point = UnitCube(ALL.distributions).values(np.array(shares))
    shown = ALL.lever_columns(ALL.policy(point, "mine"))
    values = {name.removeprefix("lever."): value for name, value in shown.items()}
    found = sums(values)
    assert found["steady"] >= -1e-8
    assert found["together"] <= 0.4 + 1e-8
    assert found["plan"] <= 3 + 1e-8
    assert values["price.plan_festivals_count"] == int(values["price.plan_festivals_count"])
    kept = sums(point)
    if kept["steady"] >= 0 and kept["together"] <= 0.4 and kept["plan"] <= 3:
        for path in (f"{RATE}@{EARLY}", OTHER, "price.plan_festivals_count"):
            assert values[path] == point[path]  # what is allowed is not moved


def test_a_proposal_moves_along_the_line_to_the_middle_and_only_to_the_edge() -> None:
    two = {RATE: {"low": 0.0, "high": 0.4}, OTHER: {"low": 0.0, "high": 0.4}}
    found = space(two, {"sum": {"terms": {RATE: 1, OTHER: 1}, "at_most": 0.4}})
    radius = 0.4 / (2 + 2**0.5)  # of the circle in a right triangle with legs of 0.4
    columns = found.lever_columns(found.policy({RATE: 0.4, OTHER: 0.2}, "mine"))
    x, y = columns[f"lever.{RATE}"], columns[f"lever.{OTHER}"]
    assert x + y == pytest.approx(0.4)
    assert (y - 0.2) / (x - 0.4) == pytest.approx((radius - 0.2) / (radius - 0.4))


def test_whole_numbers_go_to_a_neighbour_that_keeps_the_rule() -> None:
    names = ("price.plan_festivals_count", "target.recruiting_push")
    two = {names[0]: {"low": 0, "high": 6}, names[1]: {"low": 0, "high": 6, "integer": True}}
    found = space(two, {"few": {"terms": dict.fromkeys(names, 2), "at_least": 3, "at_most": 9}})
    assert isinstance(found.distributions[names[0]], IntDistribution)
    for x in range(7):
        for y in range(7):
            moved = found.lever_columns(found.policy({names[0]: x, names[1]: y}, "mine"))
            total = sum(moved.values())
            assert total in {2, 3, 4}
            if total != x + y:
                assert total == (4 if x + y > 4 else 2)  # the edge, no further
            assert all(float(value).is_integer() for value in moved.values())


def test_a_rule_that_binds_is_named() -> None:
    point = POINT | {f"{RATE}@{LATE}": 0.25}
    assert "rule together" in ALL.at_bound(point)
    assert "rule steady" not in ALL.at_bound(point)


def test_rules_are_in_the_levers_own_value_on_a_log_axis_too() -> None:
    found = space(
        {"subsidy.cap_rmb": {"low": 1, "high": 100, "log": True}, OTHER: {"low": 0, "high": 0.5}},
        {"sum": {"terms": {"subsidy": {"cap_rmb": 1, "rate": {"partner": 100}}}, "at_most": 60}},
    )
    moved = found.policy({"subsidy.cap_rmb": 90.0, OTHER: 0.4}, "mine")
    total = moved.subsidy.cap_rmb.on(LATE) + 100 * moved.subsidy.rate.partner.on(LATE)
    assert total == pytest.approx(60)


@pytest.mark.parametrize(
    ("rules", "what", "where"),
    [
        ({"a": {"terms": {"price.cup": 1}, "at_most": 1}}, "not searched", "rules.a.terms"),
        ({"a": {"terms": {RATE: 1}, "at_most": 1}}, "not searched", "rules.a.terms"),
        ({"a": {"terms": {OTHER: 0}, "at_most": 1}}, "is 0", "rules.a.terms"),
        ({"a": {"terms": {"subsidy.cap_rmb": 1}, "at_most": 1}}, "has choices", "rules.a"),
        ({"a": {"terms": {"price.cap": 1}, "at_most": 1}}, "under a condition", "rules.a"),
        ({"a": {"terms": {OTHER: 1}, "at_least": 0.31}}, "from 0 to 0.3", "rules.a"),
        ({"a": {"terms": {OTHER: -1}, "at_least": 0.1}}, "from -0.3 to 0", "rules.a"),
        ({"a": {"terms": {OTHER: 1}, "at_least": 0.1, "at_most": 0.1}}, "no room", "rules.a"),
        ({"a": {"terms": {OTHER: 1}, "at_least": 0.3}}, "no room", "rules.a"),
        (
            {
                "a": {"terms": {OTHER: 1}, "at_least": 0.2},
                "b": {"terms": {OTHER: 1}, "at_most": 0.1},
            },
            "a, b together leave no room",
            "rules",
        ),
    ],
)
def test_rules_that_no_policy_can_keep_are_refused(
    rules: dict[str, Any], what: str, where: str
) -> None:
    with pytest.raises(InputError, match=what) as error:
        space(TREE, rules)
    assert error.value.where.startswith(f"space.{where}")


def test_a_rule_needs_a_limit() -> None:
    with pytest.raises(ValidationError, match="needs a limit"):
        Space.model_validate(tree(TREE, {"a": {"terms": {OTHER: 1}}}))


# --- All of it in a search


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "gp", "qmc"])
def test_a_search_over_every_kind_simulates_what_the_table_shows(
    sampler: str, tmp_path: Path
) -> None:
    seen: dict[int, Any] = {}

    def year_of(case: Case) -> RunResult:
        seen[case.trial] = case.policy
        return simulate_fake(case)

    job = small_job(space=tree(TREE, RULES), search={"sampler": sampler})
    found = run(job, tmp_path / "one", year_of)
    for row in found.trials[2:]:
        columns = {name: row[name] for name in row if name.startswith("lever.")}
        assert columns == ALL.lever_columns(seen[row["trial"]])
        kept = sums({name.removeprefix("lever."): value for name, value in columns.items()})
        assert kept["together"] <= 0.4 + 1e-8
    assert results(run(job, tmp_path / "one")) == results(run(job, tmp_path / "two"))

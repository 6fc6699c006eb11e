"""A past that policies share is simulated once, and each goes on with the bits of its own year."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.case import Branch, Case
from engine.market import run
from engine.market.exchange import WHOLE
from engine.market.ledger.results import ReportStart, Tables
from engine.market.run import _begin_term, _KeptPasts, _Past, advance, simulate
from engine.market.state import State, open_state
from engine.market.world import open_world
from engine.spec.base import Dated
from tests.worlds import case

SMALL = ("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50")
POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion", "all_levers")
FIRST, DAYS = date(2020, 1, 1), 120
hurried = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def decided(policy: str, on: date, *more: str, history: str = "h1_2020") -> Case:
    """A case whose policy takes over from a history on a date."""
    asked = case(f"policy={policy}", *SMALL, *more, days=DAYS)
    before = case(f"policy={history}", *SMALL, days=DAYS).policy
    return replace(asked, history=before, decision_date=on)


def digest_of(made) -> str:
    """What a run leaves, as text of its bits."""
    columns = {**made.daily, **made.segments, **made.monthly, **made.anchors}
    return "".join(
        f"{name}{np.asarray(column).tobytes().hex()}" for name, column in columns.items()
    )


@pytest.fixture(autouse=True)
def pasts(monkeypatch) -> list[int]:
    """A store of its own, and the days to which pasts were simulated."""
    simulated, inner = [], run._past

    def counted(asked, exchange):
        made = inner(asked, exchange)
        simulated.append(made.state.day)
        return made

    monkeypatch.setattr(run, "_past", counted)
    monkeypatch.setattr(run, "_PASTS", _KeptPasts())
    return simulated


@hurried
@given(day=st.integers(1, DAYS - 1), policy=st.sampled_from(POLICIES))
def test_a_policy_that_takes_over_is_the_market_that_went_on_without_a_stop(day, policy):
    on = FIRST + timedelta(days=day)
    asked = decided(policy, on)
    world = open_world(asked.scenario, asked.scale, asked.world_seed)
    state = open_state(world, asked.run_seed)
    start = ReportStart.of(state)
    advance(world, asked.history, state, on)
    _begin_term(world, state)
    advance(world, asked.policy, state, FIRST + timedelta(days=DAYS))
    whole = Tables.of(world, state, start)
    for _ in range(2):  # simulated, then kept
        seen = simulate(asked)
        assert digest_of(seen) == digest_of(whole)
        assert seen.run | {"wall_s": 0} == whole.run | {"wall_s": 0}


@hurried
@given(day=st.integers(1, DAYS - 1))
def test_it_has_the_bits_of_the_dated_policy_run_whole(day):
    """Without a purse and a target, which a calendar year's policy opens on 1 January."""
    on = FIRST + timedelta(days=day)
    asked = decided("laissez_faire", on, "policy.traffic.commercial_load=1.3",
                    "policy.supply.closed_loop=0.5", history="laissez_faire")  # fmt: skip
    dated = asked.policy.model_copy(
        update={
            "traffic": asked.policy.traffic.model_copy(
                update={"commercial_load": Dated.model_validate({FIRST: 1.0, on: 1.3})}
            ),
            "supply": asked.policy.supply.model_copy(
                update={"closed_loop": Dated.model_validate({FIRST: 0.0, on: 0.5})}
            ),
        }
    )
    whole = simulate(replace(asked, policy=dated, history=None, decision_date=None))
    assert digest_of(simulate(asked)) == digest_of(whole)


def test_the_whole_horizon_is_reported_and_the_past_is_common(pasts):
    on = date(2020, 3, 10)
    found = [simulate(decided(policy, on)) for policy in POLICIES]
    assert pasts == [(on - FIRST).days]  # once for all
    before, after = slice(0, pasts[0]), slice(pasts[0], None)
    first, *others = (year.daily["gmv_paid_fen"] for year in found)
    for other in others:
        assert len(other) == DAYS
        assert np.array_equal(other[before], first[before])
        assert not np.array_equal(other[after], first[after])
    assert all(year.run["gmv_paid_fen"] == year.daily["gmv_paid_fen"].sum() for year in found)


def test_the_purse_counts_from_the_date():
    on = date(2020, 3, 10)
    for purse in (0, 3):
        seen = simulate(decided("double_ten_billion", on, f"policy.subsidy.budget_bn_rmb={purse}"))
        spent = int(seen.daily["subsidy_fen"][(on - FIRST).days :].sum())
        assert (spent > 0) == (purse > 0)
        assert spent <= purse * 1e11


def test_without_a_date_the_history_ends_where_the_horizon_begins(pasts):
    late = replace(decided("all_levers", date(2020, 1, 31), "scenario.calendar.start=2020-01-31"))
    plain = replace(late, decision_date=None)
    assert digest_of(simulate(late)) == digest_of(simulate(plain))
    assert pasts == [30]


OTHERS = {
    "run seed": lambda one: replace(one, run_seed=2),
    "world seed": lambda one: replace(one, world_seed=2),
    "date": lambda one: replace(one, decision_date=date(2020, 2, 2)),
    "history": lambda one: replace(one, history=case("policy=laissez_faire", *SMALL).policy),
    "scale": lambda one: replace(
        one, scale=one.scale.model_copy(update={"buyers_count": one.scale.buyers_count + 1})
    ),
    "scenario": lambda one: replace(
        one,
        scenario=one.scenario.model_copy(
            update={"rival": one.scenario.rival.model_copy(update={"pull": 0.05})}
        ),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_past_is_taken_for_another(name, pasts):
    one = decided("h1_2020", date(2020, 2, 1))
    other = OTHERS[name](one)
    alone = digest_of(simulate(other))
    run._PASTS = _KeptPasts()
    assert digest_of(simulate(one)) != alone
    assert digest_of(simulate(other)) == alone
    assert len(pasts) == 3


def test_threads_and_what_comes_after_share_a_past(pasts):
    one = decided("h1_2020", date(2020, 2, 1))
    assert digest_of(simulate(one)) == digest_of(simulate(replace(one, threads=2)))
    simulate(replace(one, run_off_days=5, after=one.history))
    assert len(pasts) == 1


EVENTFUL = (
    "scenario.calendar.absences=[{rank: 0, leaves: 2020-01-25, returns: 2020-02-10}]",
    (
        "scenario.calendar.trial_streams=[{name: t, day: 2020-02-01, kind: domestic, "
        "category: food, traffic_share: 0.2, price_rmb: 90, cost_share: 0.4, attention: 3, "
        "forecast_rmb: 1e6}]"
    ),
    "scenario.anchors.newcomers_share=0.3",
)
"""A guest, an anchor that leaves and is back, and newcomers."""


def arrays_of(world) -> dict[str, np.ndarray]:
    """The arrays of a world's records, by name."""
    return {
        f"{name}.{column}": array
        for name, record in vars(world).items()
        if hasattr(record, "_asdict")
        for column, array in record._asdict().items()
        if isinstance(array, np.ndarray)
    }


def test_nobody_writes_the_world_that_runs_share():
    one = decided("all_levers", date(2020, 1, 20), *EVENTFUL)
    branches = tuple(
        Branch(f"held {held}", date(2020, 2, 5), 9, one.policy, held) for held in (False, True)
    )
    for policy in ("laissez_faire", "double_ten_billion"):
        simulate(decided(policy, date(2020, 1, 20), *EVENTFUL))
    simulate(replace(one, branches=branches))
    ((_, past, _),) = run._PASTS._kept
    drawn = arrays_of(open_world(one.scenario, one.scale, one.world_seed))
    assert len(drawn) > 40
    for name, array in arrays_of(past.world).items():
        assert np.array_equal(array, drawn[name]), name


def test_threads_that_simulate_one_past_at_once_keep_one(pasts):
    one, store, gate = decided("h1_2020", date(2020, 2, 1)), _KeptPasts(), Barrier(4)

    def made() -> _Past:
        gate.wait(60)
        return run._past(one, WHOLE)

    with ThreadPoolExecutor(4) as threads:
        tasks = [threads.submit(store.of, one, made) for _ in range(4)]
        found = [task.result() for task in tasks]
    assert len(pasts) == 4
    assert len(store._kept) == 1
    assert len({id(past.world) for past in found}) == 1


class Visits:
    """What a store does with states of one kilobyte."""

    def __init__(self, most_bytes: int) -> None:
        self.one = decided("h1_2020", date(2020, 2, 1))
        world = open_world(self.one.scenario, self.one.scale, 1)
        state = open_state(world, 1)
        self.past = _Past(world, state, ReportStart.of(state))
        self.store, self.simulated = _KeptPasts(most_bytes), 0

    def visit(self, seed: int) -> State:
        def made() -> _Past:
            self.simulated += 1
            return self.past

        return self.store.of(replace(self.one, run_seed=seed), made).state


def test_the_store_is_bounded_and_a_loop_over_too_many_still_finds_some():
    whole = Visits(2**40)
    whole.visit(0)
    size = whole.store.held_bytes
    assert size > 400 * 64  # the buyers' records at least
    tight = Visits(6 * size)
    for _ in range(5):
        for seed in range(8):
            tight.visit(seed)
            assert tight.store.held_bytes <= 6 * size
    assert tight.simulated < 32  # of 40: giving up the oldest would find none
    none = Visits(size - 1)
    none.visit(0)
    none.visit(0)
    assert (none.simulated, none.store.held_bytes) == (2, 0)


def test_what_goes_on_leaves_the_past_as_it_was():
    visits = Visits(2**40)
    first = visits.visit(0)
    first.buyers.person.view(np.uint8)[:] = 7
    first.record.anchor_visits[:] = 7
    assert visits.visit(0).digest() == visits.past.state.digest() != first.digest()

"""The price of targets on a problem whose cost curve is known, and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.price_table import (
    ConfirmedPolicy,
    PriceQuestion,
    price_table,
)
from engine.decision.recommended import Recommendation
from engine.stats.intervals import mean_interval, wilson

BN = 1e11
WORLDS = ("a", "b", "c", "d")
EVEN = np.full(4, 0.25)
ABOVE = np.array([-15.0, -5.0, 5.0, 15.0])[:, None]
"""What worlds sell more, bn RMB."""
LUCK = np.linspace(-4, 4, 5)[None]
"""What replications sell more, shared by all worlds."""
ASKED = PriceQuestion(0.8, WORLDS, EVEN)


def policy(more: float, name: str = "", cost: float | None = None) -> ConfirmedPolicy:
    """Sells 250 + `more` bn in the mean, and costs more² / 100 bn unless said otherwise."""
    gmv = (250 + more + ABOVE + LUCK) * BN
    price = more**2 / 100 if cost is None else cost
    # A world that sells more saves a tenth of it; chance counts a little.
    costs = (price - 0.1 * ABOVE + 0.01 * LUCK) * BN if more else np.zeros(gmv.shape)
    return ConfirmedPolicy(name or f"more {more:g}", gmv, costs, costs / 2, binding="purse")


TODAY = policy(0, "today")
POLICIES = [policy(more / 2) for more in range(1, 101)]


def needed(target: float) -> float:
    """The least `more` that reaches a target in four of five years, by hand.

    16 of 20 years: of the worst world -15 - 4 ... -15 + 4 only one year may reach it.
    """
    years = np.sort((ABOVE + LUCK).ravel())
    return float(target - 250 - years[4])


def test_reach_and_what_is_held_by_hand():
    years = np.sort((ABOVE + LUCK).ravel())
    assert ASKED.held_fen(TODAY) / BN == pytest.approx(250 + years[4])
    assert ASKED.reach(TODAY, ASKED.held_fen(TODAY)) == pytest.approx(0.8)
    assert ASKED.reach(TODAY, 250 * BN) == pytest.approx(0.5)


def test_rows_lie_on_the_known_cost_curve():
    for row in price_table(POLICIES, TODAY, [260 * BN, 270 * BN, 280 * BN], ASKED):
        more = np.ceil(2 * needed(row.target_fen / BN)) / 2
        assert row.policy == f"more {more:g}"
        assert row.cost.value == pytest.approx(more**2 / 100 * BN)
        assert row.reach >= 0.8
        assert (row.worst_world, row.binding) == ("a", "purse")


def test_costs_spread_over_worlds_and_are_uncertain_by_replications():
    row = price_table(POLICIES, TODAY, [270 * BN], ASKED)[0]
    mean = row.cost.value
    assert row.cost == pytest.approx(mean_interval(mean + 0.01 * LUCK[0] * BN))
    assert row.cost_median == pytest.approx(mean)
    assert row.cost_50 == pytest.approx((mean - 1.0 * BN, mean + 1.0 * BN))
    assert row.cost_80 == pytest.approx((mean - 1.5 * BN, mean + 1.5 * BN))
    worst = np.mean(ABOVE[0] + LUCK[0] + 250 + float(row.policy.split()[1]) >= 270)
    assert row.worst_reach == pytest.approx(worst)
    assert row.reach_error > 0
    assert row.subsidy_fen == pytest.approx(row.cost.value / 2)


def test_the_next_billion_costs_more_than_the_last():
    rows = price_table(POLICIES, TODAY, [260 * BN, 270 * BN, 280 * BN], ASKED)
    mores = [float(row.policy.split()[1]) for row in rows]
    by_hand = np.diff([0, *[m**2 / 100 for m in mores]]) / np.diff([0, *mores])
    assert [row.cost_per_gmv for row in rows] == pytest.approx(list(by_hand))


def test_the_price_of_the_next_billion_spreads_over_worlds():
    """Of ratios 0.5, 1, 1.5 and 2 whose weights have middles 0.05, 0.25, 0.6 and 0.9."""
    sold, dearer = np.array([10.0, 20.0, 10.0, 10.0]), np.array([5.0, 20.0, 15.0, 20.0])
    asked = PriceQuestion(0.5, WORLDS, np.array([0.1, 0.3, 0.4, 0.2]))
    row = price_table([sells(sold, dearer)], TODAY, [260 * BN], asked)[0]
    assert row.policy == "dear"
    assert row.cost_per_gmv == pytest.approx(asked.weights @ dearer / (asked.weights @ sold))
    assert row.cost_per_gmv_80 == pytest.approx((0.5 + 0.5 / 4, 2.0))  # 0.1 is a quarter of the way


def test_a_ratio_to_sales_that_may_be_none_has_no_range():
    dearer = np.full(4, 5.0)
    one_sells_less = sells(np.array([30.0, 30.0, 30.0, -0.1]), dearer)
    luck = sells(np.full(4, 10.0), dearer, np.array([-20.0, 20.0, -10.0, 10.0, 0.0]))
    for policy_, probability in ((one_sells_less, 0.6), (luck, 0.5)):
        asked = PriceQuestion(probability, WORLDS, EVEN)
        row = price_table([policy_], TODAY, [256 * BN], asked)[0]
        assert row.policy == "dear"
        assert row.cost_per_gmv > 0
        assert row.cost_per_gmv_80 is None
    weights = PriceQuestion(0.8, WORLDS, np.array([0.4, 0.3, 0.3, 0.0]))
    row = price_table([one_sells_less], TODAY, [256 * BN], weights)[0]
    assert row.cost_per_gmv_80 == pytest.approx((5 / 30, 5 / 30))  # a world of no weight is none


def sells(more: np.ndarray, dearer: np.ndarray, luck: np.ndarray | float = 0.0) -> ConfirmedPolicy:
    """A policy that sells and costs more than today's by world, bn RMB, with luck of its own."""
    gmv = TODAY.gmv_fen + (more[:, None] + luck) * BN
    costs = np.broadcast_to(dearer[:, None] * BN, gmv.shape)
    return ConfirmedPolicy("dear", gmv, costs, costs)


def test_the_luck_of_runs_leaves_a_probability_open_and_worlds_share_it():
    row = price_table(POLICIES, TODAY, [270 * BN], ASKED)[0]
    assert row.reach_95 == pytest.approx(wilson(row.reach * 5, 5))  # of 5, not of 20
    one = ConfirmedPolicy("one", TODAY.gmv_fen[:, :1], TODAY.cost_fen[:, :1], TODAY.cost_fen[:, :1])
    assert price_table([], one, [240 * BN], PriceQuestion(0.5, WORLDS, EVEN))[0].reach_95 is None


def test_what_nothing_reaches_is_a_row():
    row = price_table(POLICIES, TODAY, [400 * BN], ASKED)[0]
    assert (row.policy, row.cost.value, row.reach) == (None, None, None)
    assert row.reach_today == 0


def test_weights_move_the_answer():
    poor = PriceQuestion(0.8, WORLDS, np.array([0.97, 0.01, 0.01, 0.01]))
    one, other = (price_table(POLICIES, TODAY, [270 * BN], a)[0] for a in (ASKED, poor))
    assert other.cost.value > one.cost.value
    assert other.cost_median == pytest.approx(
        float(other.policy.split()[1]) ** 2 / 100 * BN + 1.5 * BN, rel=0.05
    )


def test_a_better_policy_from_anywhere_is_never_missed():
    earlier = policy(40, "from another study", cost=0.5)
    rows = price_table([*POLICIES, earlier], TODAY, [260 * BN, 270 * BN], ASKED)
    assert {row.policy for row in rows} == {"from another study"}
    assert rows[1].cost_per_gmv is None  # no other policy than below


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_no_policy_that_is_given_beats_a_row(data):
    draw = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    count, worlds = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
    weights = draw.dirichlet(np.ones(worlds))
    asked = PriceQuestion(data.draw(st.sampled_from([0.5, 0.8, 1.0])), WORLDS[:worlds], weights)
    made = [
        ConfirmedPolicy(f"p{k}", draw.integers(0, 20, (worlds, 3)) * 1.0,
                        draw.integers(-3, 9, (worlds, 3)) * 1.0, np.zeros((worlds, 3)))
        for k in range(count)
    ]  # fmt: skip
    today = ConfirmedPolicy("today", draw.integers(0, 20, (worlds, 3)) * 1.0,
                            np.zeros((worlds, 3)), np.zeros((worlds, 3)))  # fmt: skip
    rows = price_table(made, today, [5.0, 10.0, 15.0], asked)
    costs = [row.cost.value for row in rows if row.policy]
    assert costs == sorted(costs)
    for row in rows:
        for one in [*made, today]:
            if asked.reach(one, row.target_fen) < asked.probability - 1e-9:
                continue
            assert row.policy is not None
            price = float(weights @ one.cost_fen.mean(axis=1))
            assert price >= row.cost.value - 1e-9
            if price == pytest.approx(row.cost.value, abs=1e-12):
                own = next(p for p in [*made, today] if p.name == row.policy)
                assert asked.held_fen(own) >= asked.held_fen(one) or price > row.cost.value
    assert [row.policy for row in price_table(made[::-1], today, [5.0, 10.0, 15.0], asked)] == [
        row.policy for row in rows
    ]


def test_levels_go_from_what_is_held_to_what_nothing_holds():
    levels = np.array(ASKED.default_targets(POLICIES, TODAY, 250 * BN)) / BN
    assert levels == pytest.approx([230, 240, 250, 260, 270, 280, 290])
    best = max(ASKED.held_fen(one) for one in POLICIES) / BN
    assert levels[-2] <= best < levels[-1]
    assert levels[0] <= ASKED.held_fen(TODAY) / BN < levels[1]
    odd = ASKED.default_targets(POLICIES, TODAY, 263 * BN)
    assert 263 * BN in odd


def told(goal: float, value: float = 0.0, policies=POLICIES):
    asked = PriceQuestion(0.8, WORLDS, EVEN, value)
    return Recommendation.of(
        policies, TODAY, goal * BN, [k * 10 * BN for k in range(20, 40)], asked
    )


def test_that_nothing_more_is_needed_is_said_with_what_it_holds_and_what_comes_next():
    found = told(230)
    assert found.policy == "today"
    assert found.needs_nothing_more
    assert found.sentences[0] == "Doing nothing more reaches 230 bn RMB with probability 1.00."
    assert found.sentences[1] == "With the asked 0.80 it holds 239 bn RMB."
    assert found.next_step.target_fen == 240 * BN
    assert found.sentences[2].startswith(
        "The next step, 240 bn RMB, costs 0.01 bn RMB more than today's policy: more"
    )


def test_what_is_held_is_rounded_down():
    found = Recommendation.of([], policy(0.97, "today", cost=0), 230 * BN, [], ASKED)
    assert found.sentences[1] == "With the asked 0.80 it holds 239.9 bn RMB."


def test_the_cheapest_that_reaches_the_goal_is_recommended_never_the_dearest():
    found = told(270)
    assert found.policy == ASKED.cheapest(POLICIES, TODAY, 270 * BN).name
    assert not found.needs_nothing_more
    assert found.sentences[0].endswith("only.")
    assert found.sentences[1].startswith(f"Cheapest is {found.policy}: it costs")
    assert found.policy != POLICIES[-1].name


def test_the_value_of_gmv_moves_it_openly():
    """At v RMB per RMB the best sells v / 2 * 100 bn more: the slope of more² / 100 is v."""
    found = told(230, value=0.4)
    assert found.policy == "more 20"
    assert "at a value of 0.4 RMB per RMB of GMV" in found.sentences[1]
    step = told(230)
    assert told(230, value=step.pays_from - 1e-3).policy != step.next_step.policy


def test_the_value_from_which_the_next_step_pays_is_its_slope():
    found = told(230, policies=[policy(10), policy(30)])
    assert found.next_step.policy == "more 10"
    assert found.pays_from == pytest.approx(1 / 10)
    assert told(230, 0.101, [policy(10), policy(30)]).policy == "more 10"
    assert told(230, 0.099, [policy(10), policy(30)]).policy == "today"


def test_the_next_step_is_priced_on_top_of_what_is_recommended():
    found = told(245, policies=[policy(11), policy(31)])
    assert (found.policy, found.next_step.policy) == ("more 11", "more 31")
    assert found.pays_from == pytest.approx((9.61 - 1.21) / 20)
    assert found.sentences[-1] == (
        "The next step, 270 bn RMB, costs 8.4 bn RMB more than the policy recommended and 9.6 bn "
        "RMB more than today's: more 31."
    )


def test_a_next_step_that_is_today_s_policy_is_told_so():
    saves = policy(-1, "saves", cost=-2)
    asked = PriceQuestion(0.8, WORLDS, EVEN)
    found = Recommendation.of([saves], TODAY, 230 * BN, [239 * BN], asked)
    assert found.sentences[-1] == (
        "The next step, 239 bn RMB, is to go on as today, which costs 2 bn RMB more than the "
        "policy recommended."
    )


def test_the_asked_probability_is_written_in_full():
    asked = PriceQuestion(0.995, WORLDS, EVEN)
    found = Recommendation.of([], policy(0.97, "today", cost=0), 230 * BN, [], asked)
    assert found.sentences[1].startswith("With the asked 0.995 it holds 23")
    assert found.sentences[2] == "No policy here reaches the next target with the asked 0.995."


def test_a_cheaper_policy_than_doing_nothing_is_told_beside_it():
    found = told(230, policies=[*POLICIES, policy(1, "cheaper", cost=-3.0)])
    assert (found.policy, found.needs_nothing_more) == ("cheaper", True)
    assert found.sentences[1] == (
        "Cheapest is cheaper: it costs 3 bn RMB less, sells 1 bn RMB more and reaches it with 1.00."
    )


def test_a_sentence_names_the_cost_of_the_table_the_median_over_worlds():
    cheaper = policy(1, "cheaper", cost=-3.0)
    cheaper.cost_fen[0] -= 40 * BN  # one world moves the mean, and not the median
    found = told(230, policies=[cheaper])
    row = price_table([cheaper], TODAY, [230 * BN], ASKED)[0]
    assert row.cost.value < -10 * BN
    assert found.sentences[1].startswith(
        f"Cheapest is cheaper: it costs {-row.cost_median / BN:.0f} bn"
    )


def test_what_is_out_of_reach_is_said():
    found = told(500)
    assert (found.policy, found.next_step) == (None, None)
    assert found.sentences[0].startswith("No policy here reaches 500 bn RMB with probability 0.8")
    assert found.held_fen == max(ASKED.held_fen(one) for one in POLICIES)

"""Rules against hand-worked values: exact, one or two per rule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.jit import kernel
from engine.rules import (
    adoption,
    ads,
    attention,
    brand,
    choice,
    closed_loop,
    commission,
    investment,
    learning,
    pacing,
    price_cap,
    pricing,
    returns,
    rival,
    routing,
    selection,
    subsidy,
    traffic,
    users,
    visits,
)
from engine.rules.fastmath import exp32, log32, pow32

prices = st.integers(1, 10**8)
rates = st.integers(0, 9_000)


@kernel
def exp_all(x, out):
    for k in range(x.size):
        out[k] = exp32(x[k])


def test_exp32_is_exp_to_float32():
    x = np.linspace(-86, 87, 100_001, dtype=np.float32)
    out = np.empty_like(x)
    exp_all(x, out)
    assert np.max(np.abs(out / np.exp(x.astype(float)) - 1)) < 2e-7


def test_exp32_compiled_and_plain_python_give_the_same_bits():
    x = np.linspace(-90, 90, 2_001, dtype=np.float32)
    out = np.empty_like(x)
    exp_all(x, out)
    plain_exp32 = getattr(exp32, "py_func", exp32)  # is it already, with the JIT off
    plain = np.array([plain_exp32(value) for value in x], np.float32)
    assert np.array_equal(out.view(np.int32), plain.view(np.int32))


@kernel
def log_all(x, out):
    for k in range(x.size):
        out[k] = log32(x[k])


@kernel
def pow_all(x, power, out):
    for k in range(x.size):
        out[k] = pow32(x[k], power)


def test_log32_is_ln_to_float32():
    near = np.linspace(0.5, 2, 100_002, dtype=np.float32)
    far = np.exp(np.linspace(-87, 88, 100_001)).astype(np.float32)
    for x in (near, far[far != 1]):
        out = np.empty_like(x)
        log_all(x, out)
        assert np.max(np.abs(out / np.log(x.astype(float)) - 1)) < 1e-7
    out = np.full(1, 9, np.float32)
    log_all(np.ones(1, np.float32), out)
    assert out[0] == 0


def test_log32_compiled_and_plain_python_give_the_same_bits():
    x = np.exp(np.linspace(-87, 88, 2_001)).astype(np.float32)
    out = np.empty_like(x)
    log_all(x, out)
    plain_log32 = getattr(log32, "py_func", log32)
    plain = np.array([plain_log32(value) for value in x], np.float32)
    assert np.array_equal(out.view(np.int32), plain.view(np.int32))


@pytest.mark.parametrize("power", [0.0, 0.02, 0.6, 1.0, 2.0])
def test_pow32_is_a_power_to_float32(power):
    x = np.exp(np.linspace(-20, 20, 100_001)).astype(np.float32)
    out = np.empty_like(x)
    pow_all(x, np.float32(power), out)
    expected = x.astype(float) ** float(np.float32(power))
    error = np.abs(out / expected - 1) / (1 + np.abs(power * np.log(x)))
    assert np.max(error) < 2e-7
    pow_all(np.zeros(1, np.float32), np.float32(power), out[:1])
    assert out[0] == (1.0 if power == 0 else 0.0)


@given(price=prices, rate=rates, cap=st.integers(1, 10**7))
def test_a_coupon_is_the_rate_up_to_the_cap_in_whole_fen(price, rate, cap):
    coupon = subsidy.coupon_fen(price, rate / 10_000, cap)
    assert coupon == min(math.floor(price * rate / 10_000), cap)
    assert 0 <= coupon < price or price == 0


def test_coupon_rates_combine_kind_tier_boost_and_first_orders():
    rate = subsidy.coupon_rate_bp
    assert rate(0.10, 0.15, False, 1.2, 1.5) == 1_800
    assert rate(0.10, 0.15, True, 1.0, 1.0) == 1_500
    assert rate(0.20, 0.15, True, 1.0, 1.0) == 2_000
    assert rate(0.90, 0.0, False, 10.0, 1.0) == subsidy._HIGHEST_RATE_BP


@given(price=prices, cps=st.integers(0, 6_000), take=st.integers(0, 3_000))
def test_parts_of_a_price_never_exceed_it(price, cps, take):
    part = commission.part_fen
    assert 0 <= part(price, cps) + part(price, take) <= price


def test_the_partner_pays_its_share_rounded_down():
    assert subsidy.partner_part_fen(101, 5_000) == 50
    assert subsidy.partner_part_fen(101, 0) == 0
    assert subsidy.partner_part_fen(101, 10_000) == 101


def test_strong_anchors_ask_more_and_the_floor_holds():
    asked = commission.asked_cps_bp
    assert asked(0.20, 0.5, 0.0, 0.0) == 2_000
    assert asked(0.20, 0.5, 1.0, 0.0) == 3_000
    assert asked(0.05, 0.5, 0.0, 0.15) == 1_500
    assert asked(0.50, 3.0, 1.0, 0.0) == commission._HIGHEST_CPS_BP


@given(price=prices, elsewhere=prices, cap=st.integers(500, 20_000))
def test_a_capped_price_never_exceeds_its_cap(price, elsewhere, cap):
    capped = price_cap.capped_price_fen(price, elsewhere, cap)
    assert capped <= price
    assert capped == 1 or capped * 10_000 <= elsewhere * cap


def test_the_plan_pays_when_more_units_beat_a_thinner_margin():
    pays = price_cap.plan_pays
    # price 100 -> 80, cost 40, fee 0.2 -> 0.2, elasticity 3: units x 1.953, margin 40 -> 24
    assert pytest.approx(46.875) == 1.25**3 * 24
    assert pays(100.0, 80, 40.0, 0.2, 0.2, 3.0, 1.0, 1.0)
    assert not pays(100.0, 80, 40.0, 0.2, 0.2, 3.0, 1.0, 1.2)
    assert not pays(100.0, 50, 40.0, 0.2, 0.2, 3.0, 9.0, 0.1)  # at the cap it loses money


@given(
    cost=st.floats(10, 1e6),
    fee=st.floats(0, 0.5),
    alpha=st.floats(2, 8),
    share=st.floats(0, 0.3),
)
def test_the_best_price_satisfies_its_first_order_condition(cost, fee, alpha, share):
    eta = pricing.own_elasticity(alpha, 1.0, share, 0.7)
    price = pricing.best_price(cost, fee, pricing.lerner_index(eta, 1.0))
    lerner = (price * (1 - fee) - cost) / (price * (1 - fee))
    assert lerner == pytest.approx(min(1 / (alpha * (1 - share)), pricing.LARGEST_MARKUP))


def test_the_best_price_maximises_profit():
    """Against a search over prices for one good and an outside option, ln price."""
    cost, fee, alpha, elsewhere, outside = 40.0, 0.2, 3.0, 100.0, 0.5
    grid = np.linspace(45, 200, 200_001)
    weight = np.exp(-alpha * np.log(grid / elsewhere))
    share = weight / (math.exp(outside) + weight)
    best = grid[np.argmax((grid * (1 - fee) - cost) * share)]
    price = 80.0
    for _ in range(500):  # in small steps, as sellers do: whole ones oscillate
        weight_now = math.exp(-alpha * math.log(price / elsewhere))
        share_now = weight_now / (math.exp(outside) + weight_now)
        eta = pricing.own_elasticity(alpha, 1.0, share_now, 1.0)
        price += 0.1 * (pricing.best_price(cost, fee, pricing.lerner_index(eta, 1.0)) - price)
    assert price == pytest.approx(best, rel=1e-4)


def test_in_a_nest_neighbours_count_for_more_than_the_outside_option():
    elasticity = pricing.own_elasticity
    assert elasticity(3.0, 1.0, 0.2, 0.9) == 3.0 * 0.8  # the plain logit: only the share counts
    assert elasticity(3.0, 0.5, 0.2, 0.4) == pytest.approx(6.0 * (1 - (0.5 * 0.4 + 0.5 * 0.2)))
    assert elasticity(3.0, 0.5, 0.2, 1.0) == pytest.approx(3.0 * 0.8)  # alone in its look


def test_a_step_to_the_best_price_allows_for_its_answer():
    step = pricing.repriced
    assert step(100.0, 140.0, 0.5, 0.5, 0.0, 1.0) == 120.0  # ln price: the plain step
    # Lerner index 1/2 answers one for one under linear prices: half of the plain step.
    assert step(100.0, 140.0, 1.0, 0.5, 1.0, 1.0) == 120.0
    assert step(100.0, 140.0, 1.0, 0.75, 0.5, 1.0) == pytest.approx(100 + 40 / 2.5)
    # An amount off the price, z = 2: g = lambda z + 1 - z, which is 1 at 1 and below 0 at 0.
    assert step(100.0, 140.0, 1.0, 0.5, 1.0, 2.0) == 120.0
    assert step(100.0, 140.0, 1.0, 0.5, 0.0, 2.0) == 140.0


def test_a_coupon_at_its_cap_makes_demand_steeper():
    assert pricing.paid_slope(100.0, 20, False) == 1.0
    assert pricing.paid_slope(100.0, 20, True) == 1.25


def test_price_disutility_is_box_cox_in_two_parts():
    for curvature in (0.0, 0.5, 1.0):
        ratio, log_memory, weight = 0.8, -0.3, 0.35
        good = np.float32(choice.price_term(math.log(ratio), curvature))
        buyer = choice.memory_term(
            np.float32(log_memory), np.float32(weight), np.float32(curvature)
        )
        x = ratio / math.exp(weight * log_memory)
        box_cox = math.log(x) if curvature == 0 else (x**curvature - 1) / curvature
        seen = choice.price_disutility(good, buyer, np.float32(curvature))
        assert seen == pytest.approx(box_cox, abs=1e-6)


def test_utilities_add_up():
    assert choice.stream_utility(1.2, 0.5, 0.4, 0.25, 2.0) == pytest.approx(0.8)
    assert choice.good_utility(0.8, 0.1, 1.2, 0.5, 0.5, 1.0, 0.4, 0.5) == pytest.approx(1.4)
    assert choice.outside_utility(5.0, 3.0, 0.5) == 3.5


def test_need_returns_after_a_purchase():
    assert attention.need(0.0, 14.0) == 0.0
    assert attention.need(14.0, 14.0) == pytest.approx(1 - math.exp(-1))
    assert attention.need(0.0, 0.0) == 1.0


def test_crowding_is_neutral_at_the_mean_audience():
    assert attention.crowding(1.0, 0.3) == 1.0
    assert attention.crowding(3.0, 1.0) == 0.5
    assert attention.crowding(0.0, 1.0) == 2.0


def test_a_followed_stream_tires_who_no_longer_likes_its_anchor():
    followed = attention.followed_attention
    assert followed(3.0, 0.0, 0.1) == 3.0  # no fatigue: affinity does not matter
    assert followed(3.0, 0.9, 1.0) == 3.0
    assert followed(3.0, 0.9, 0.5) == pytest.approx(1.65)
    assert followed(3.0, 1.0, 0.0) == 0.0


def test_learning_moves_towards_one_and_zero():
    assert learning.raised(0.5, 0.14) == pytest.approx(0.57)
    assert learning.lowered(0.5, 0.1) == pytest.approx(0.45)
    assert learning.remembered(0.0, -0.4, 0.25) == pytest.approx(-0.1)
    assert learning.remembered(-0.1, 0.4, 1.0) == 0  # dear prices raise no reference


def test_public_odds_and_family_cap():
    assert routing.public_odds(2.0, 0.5) == 2.0
    assert routing.public_odds(2.0, 0.8) == pytest.approx(8.0)
    assert routing.family_passes(0.4, 0.1) == 0.1
    assert routing.family_passes(0.4, 1.0) == 0.4


def test_returns_fall_with_quality():
    probability = returns.return_probability
    assert probability(0.55, 0.27, 1.2, 0.55, 1.0) == pytest.approx(0.27)
    assert probability(0.80, 0.27, 1.2, 0.55, 1.0) == pytest.approx(0.27 * math.exp(-0.3))
    assert probability(0.0, 0.9, 5.0, 1.0, 2.0) == 1.0


def test_adoption_hazard_and_beliefs():
    hazard = adoption.adoption_hazard
    assert hazard(0.001, 0.0, 0.9, 1.0, 1.0, 1.0, 0.0) == 0.001
    assert hazard(0.001, 5.0, 0.0, 1.0, 1.0, 1.0, 0.0) == 0.001  # nobody to imitate yet
    assert hazard(0.001, 0.0, 0.9, 2.0, 2.0, 3.0, 0.5) == pytest.approx(0.018)
    assert hazard(0.001, 4.0, 0.25, 2.0, 2.0, 3.0, 0.5) == pytest.approx(0.036)
    assert adoption.updated_belief(1.0, 3.1, 0.1) == pytest.approx(1.21)
    assert adoption.updated_belief(1.0, 1e9, 1.0) == adoption._HIGHEST_BELIEF


def test_an_open_library_makes_sellers_leave_and_its_goods_disappoint():
    assert adoption.exclusivity(0.6, 0.5) == pytest.approx(1.3)
    assert adoption.exclusivity(0.6, 0.0) == 1.0
    assert selection.quality_shown(0.8, 0.25, 0.5) == pytest.approx(0.7)
    assert selection.quality_shown(0.8, 0.0, 0.5) == 0.8


def test_recruiting_costs_more_the_faster_it_goes():
    cost = adoption.recruits_cost
    # 6 join at 3 times the hazard, 4 of them for that reason, each at 3^0.5 times the cost.
    assert cost(6.0, 3.0, 10.0, 0.5) == pytest.approx(40 * 3**0.5)
    assert cost(6.0, 3.0, 10.0, 0.0) == pytest.approx(40)
    assert cost(6.0, 1.0, 10.0, 2.0) == 0.0
    assert cost(6.0, 0.5, 10.0, 2.0) == 0.0


def test_who_lives_elsewhere_stays_less_gladly_in_a_closed_shop():
    hazard = closed_loop.loop_exit_hazard
    assert hazard(0.1, 0.2, closed_loop.IN_SHOP, 0.5, 0.004) == 0.002
    assert hazard(0.1, 0.2, closed_loop._LINKS_OUT, 0.5, 0.004) == 0.0
    assert hazard(0.9, 0.2, closed_loop.IN_SHOP, 0.5, 0.004) == 0.0  # never linked out


def test_a_feed_of_few_streams_bores():
    assert attention.variety(0.25, 4.0) == 0.5  # four streams, half of what is wanted
    assert attention.variety(1.0, 0.0) == 1.0
    assert attention.variety(1.0, 3.0) == 0.25


def test_the_closed_loop_moves_sellers_in_or_drives_them_off():
    listing = closed_loop.listing
    assert listing(0.9, 0.2, 0.0, 1.0, 0.0, 1.0) == closed_loop.IN_SHOP  # never linked out
    assert listing(0.1, 0.2, 0.9, 0.5, 0.0, 1.0) == closed_loop._LINKS_OUT  # gate too lenient
    assert listing(0.1, 0.2, 0.1, 0.5, 0.9, 0.3) == closed_loop.IN_SHOP
    assert listing(0.1, 0.2, 0.1, 0.5, 0.1, 0.3) == closed_loop.REFUSED


def test_feed_weights_by_exponent_floor_and_support():
    weight = traffic.feed_weight
    assert weight(4.0, 0.5, 0.1, 0.0, False) == pytest.approx(2.1)
    assert weight(4.0, 1.0, 0.0, 0.5, True) == pytest.approx(6.0)
    assert weight(0.0, 0.6, 0.05, 0.0, False) == 0.05


def test_anchors_stream_more_when_commission_rises():
    live = traffic.live_probability
    assert live(0.6, 1.0, 0.1) == 0.6
    assert live(0.6, 2.0, 0.1) > 0.6 > live(0.6, 0.5, 0.1)
    assert live(0.9, 4.0, 1.0) == 1.0


def test_a_signal_fades_over_its_days_on_the_air_or_is_the_mean_of_all():
    step = traffic.signal_step
    assert step(0.5, 99.0, 14.0) == pytest.approx(0.5 / 14)
    assert step(1.0, 0.0, 0.0) == pytest.approx(1 / (traffic._GUESS_DAYS + 1))
    assert step(0.5, 3.5, 0.0) == pytest.approx(0.5 / (traffic._GUESS_DAYS + 4))


def test_the_controller_pushes_only_when_behind():
    assert pacing.shortfall(80.0, 100.0) == pytest.approx(0.2)
    assert pacing.shortfall(120.0, 100.0) == 0.0
    assert pacing.shortfall(0.0, 0.0) == 0.0
    assert pacing.push(0.2, 0.0, 2.0, 0.0) == pytest.approx(0.4)
    assert pacing.push(0.2, 5.0, 2.0, 0.1) == pytest.approx(0.9)
    assert pacing.push(1.0, 9.0, 9.0, 9.0) == 1.0


def test_the_purse_is_spread_by_weight_and_reach_follows_the_forecast():
    assert pacing.allowance(1000.0, 2.0, 8.0) == 250.0
    assert pacing.allowance(1000.0, 9.0, 8.0) == 1000.0
    assert pacing.allowance(1000.0, 0.0, 0.0) == 0.0
    assert pacing.coupon_reach(50.0, 200.0) == 0.25
    assert pacing.coupon_reach(500.0, 200.0) == 1.0
    assert pacing.coupon_reach(0.0, 0.0) == 1.0


def test_a_short_purse_of_the_partner_leaves_the_own_one_for_other_goods():
    assert pacing.coupon_reaches(50.0, 50.0, 100.0, 100.0, 100.0) == (0.25, 1.0)
    reach, given = pacing.coupon_reaches(50.0, 10.0, 100.0, 100.0, 100.0)
    assert (reach, given) == (pytest.approx(0.4), pytest.approx(0.25))
    assert reach * given * 100.0 == pytest.approx(10.0)
    assert reach * (100.0 + given * 100.0) == pytest.approx(50.0)
    assert pacing.coupon_reaches(500.0, 10.0, 0.0, 100.0, 100.0) == (1.0, 0.1)


def test_visits_rise_with_habit():
    assert visits.visits_rate(
        np.float32(0.5), np.float32(0.5), np.float32(2.0), np.float32(1.5)
    ) == pytest.approx(1.5)


def test_announced_coupons_draw_more_visits_on_festival_days_alone():
    assert visits.festival_visits(1.0, 10.0, 0.1) == 1.0
    assert visits.festival_visits(1.2, 10.0, 0.0) == pytest.approx(1.2)
    assert visits.festival_visits(1.2, 10.0, 0.1) == pytest.approx(1.4)


def test_ads_weigh_on_the_feed_by_what_they_exceed_the_usual():
    assert users.felt_load(1.5, 0.05, 0.05, 12.0) == 1.5
    assert users.felt_load(1.5, 0.10, 0.05, 12.0) == pytest.approx(2.1)
    assert users.felt_load(1.5, 0.0, 0.2, 12.0) == 0.0
    assert users.felt_load(1.5, 0.3, 0.05, 0.0) == 1.5


def test_load_drives_people_off_and_they_come_back_slowly():
    assert users.load_level(0.2, 1.0) == 1.0  # the published path is kept
    assert users.load_level(0.2, 2.0) == pytest.approx(math.exp(-0.3))
    assert users.load_level(0.2, 0.5) > 1.0
    assert users.settled(1.0, 0.4, 30.0, 365.0, 0.1) == pytest.approx(0.98)
    assert users.settled(0.4, 1.0, 30.0, 365.0, 0.1) == pytest.approx(0.4 + 0.6 / 365)
    assert users.settled(0.09, 1.0, 30.0, 365.0, 0.1) == 0.0


@given(bad=st.floats(0, 1), usual=st.floats(0, 0.9))
def test_the_usual_returns_move_nobody_on_average(bad, usual):
    lost, gained = (users.order_step(bad, usual, returned) for returned in (True, False))
    assert lost == -bad
    assert usual * lost + (1 - usual) * gained == pytest.approx(0.0, abs=1e-12)


def test_within_a_nest_the_outside_option_has_its_own_weight():
    inside = np.float32(3.0)
    assert choice.nested_outside(np.float32(0.7), np.float32(1.0), inside) == np.float32(0.7)
    nested = choice.nested_outside(np.float32(0.7), np.float32(0.4), inside)
    assert nested == pytest.approx(0.7 + 0.6 * math.log(3), rel=1e-6)
    assert choice.nested_outside(np.float32(0.7), np.float32(0.4), np.float32(0)) == np.float32(0.7)


def test_habit_calls_people_back():
    assert attention.returning(np.float32(2.0), np.float32(0.5)) == 2.0


def test_the_rival_answers_with_delay():
    assert rival.rival_pull(0.1, 0.2, 2.0, 0.05) == pytest.approx(0.4)
    assert rival.smoothed(0.0, 1.0, 30.0) == pytest.approx(1 / 30)


def test_showcase_scores_are_log_earnings():
    score = selection.showcase_score
    assert score(100.0, 0.2, 0.0, 0.0) == pytest.approx(math.log(20))


def gumbel(u: float) -> float:
    """The shock that a uniform draw becomes, as the stages of a showcase make it."""
    waited = -log32(np.float32(selection.above_zero(u)))
    return float(-log32(selection.exponential(u, waited)))


def test_shocks_are_standard_gumbel():
    mean = np.mean([gumbel((k + 0.5) / 10_000) for k in range(10_000)])
    assert mean == pytest.approx(0.5772, abs=1e-3)  # Euler's constant
    for u in (1e-9, 0.3, 0.98, 0.999, 1 - 1e-9):  # near 1 too, where float32 ends
        assert gumbel(u) == pytest.approx(-math.log(-math.log(u)), abs=2e-5)


def test_awareness_grows_with_kept_sales_and_never_passes_one():
    grown = brand.grown_awareness
    assert grown(0.2, 0.01, 0.0, 5.0) == pytest.approx(0.24)
    assert grown(0.2, 0.01, 1.0, 5.0) == pytest.approx(0.28)
    assert grown(0.2, 1.0, 9.0, 5.0) == 1.0
    assert brand.known_brand(0.2, 0.5) == pytest.approx(0.6)


def test_a_brand_account_earns_feed_by_its_own_following():
    assert brand.brand_feed_factor(0.0, 5.0) == 1.0
    assert brand.brand_feed_factor(2.0, 1.0) == 2.0


def test_sellers_bid_a_share_of_their_margin_above_the_reserve():
    assert ads.bid(100.0, 0.2, 10.0) == pytest.approx(20.0)
    assert ads.bid(100.0, 0.2, 30.0) == 0.0
    assert ads.bid(-5.0, 0.2, 0.0) == 0.0
    assert ads.mixed_weight(0.1, 0.5, 0.25) == pytest.approx(0.2)


def test_ads_leave_the_sellers_margin():
    assert ads.fee_with_ads(0.25, 0.04, 0.5) == pytest.approx(0.27)
    assert ads.fee_with_ads(0.25, 9.0, 0.5) == ads._HIGHEST_FEE
    assert ads.left_after_ads(0.2, 0.5) == pytest.approx(0.9)
    assert ads.left_after_ads(3.0, 0.5) == 0.0
    assert ads.fee_with_ads(0.25, 9.0, 0.0) == 0.25
    assert ads.left_after_ads(9.0, 0.0) == 1.0


def test_investment_works_with_falling_returns():
    built = investment.built_share(5.0, 5.0)
    assert built == pytest.approx(1 - math.exp(-1))
    assert investment.built_share(0.0, 5.0) == 0.0
    assert investment.enlarged(100.0, 0.5, 0.4) == pytest.approx(120.0)
    assert investment.cheapened(100.0, 0.1, 0.5) == pytest.approx(95.0)
    assert investment.improved(0.6, 0.5, 0.5) == pytest.approx(0.7)

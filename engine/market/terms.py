"""The scenario's numbers as kernels read them, by the step of the day that needs them."""

import math
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.population.buyers import (
    ACTIVITY_CENTRE,
    ACTIVITY_UNIT,
    ENGAGEMENT_ONE,
    SENSITIVITY_CENTRE,
    SENSITIVITY_UNIT,
)
from engine.rules.attention import need
from engine.rules.users import order_step
from engine.spec.calendar import LONGEST_HISTORY_DAYS
from engine.spec.jobs import Scale
from engine.spec.scenario import Scenario
from engine.units import FEN_PER_RMB, RATE_DAYS_OF_2020, to_bp

_Floats = NDArray[np.float64]
_Float32s = NDArray[np.float32]
_Flags = NDArray[np.bool_]

_LONGEST_ABSENCE_DAYS = 512
"""Beyond it a state fades no further."""


class Tastes(NamedTuple):
    """Tables and constants of buyers' behaviour, float32.

    `visits` per day by activity byte; `price` alpha by tier and sensitivity byte; `taste`
    scale by tier; `need` by category and days since the last purchase; `habit_left` and
    `memory_left` by days since last seen; `returns` by category. `wallet_days` int64; steps of
    engagement (`lost_` and `gained_engagement`, `nothing_to_buy`) in its unit on record, int64.
    """

    visits: _Float32s
    habit_visits: np.float32
    wallet_days: np.int64
    lost_engagement: np.int64
    gained_engagement: np.int64
    nothing_to_buy: np.int64
    price: _Float32s
    curvature: np.float32
    brand_taste: _Float32s
    beta_affinity: np.float32
    beta_impulse: np.float32
    beta_quality: np.float32
    beta_brand: np.float32
    beta_habit: np.float32
    nest: np.float32
    memory_weight: np.float32
    memory_step: np.float32
    need: _Float32s
    habit_left: _Float32s
    memory_left: _Float32s
    private_attention: np.float32
    fatigue: np.float32
    habit_attention: np.float32
    habit_gain: np.float32
    affinity_gain: np.float32
    affinity_fading: np.float32
    affinity_return_loss: np.float32
    follow_probability: np.float32
    follow_affinity: np.float32
    trust_gain: np.float32
    trust_return_loss: np.float32
    return_base: np.float64
    return_slope: np.float64
    return_pivot: np.float64
    return_category: NDArray[np.float64]
    release: np.float32
    drain: np.float32
    family_affinity: np.float32
    external_friction: np.float32

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Tabulate the scenario once a run."""
        choice, learning, routing = scenario.choice, scenario.learning, scenario.routing
        levels = np.arange(256)
        days = np.arange(_LONGEST_ABSENCE_DAYS)
        activity = np.exp((levels - ACTIVITY_CENTRE) / ACTIVITY_UNIT)
        sensitivity = np.exp((levels - SENSITIVITY_CENTRE) / SENSITIVITY_UNIT)
        categories = scenario.categories
        taus = scenario.attention.need_days.of(categories)
        f4 = np.float32
        users, one = scenario.users, ENGAGEMENT_ONE
        order = (users.bad_purchase, users.usual_returns)

        def table(values: Any) -> _Float32s:
            return np.asarray(values, np.float32)

        return cls(
            visits=table(scenario.buyers.visits_per_day * activity),
            habit_visits=f4(scenario.buyers.habit_visits),
            wallet_days=np.int64(scenario.buyers.wallet_days),
            lost_engagement=np.int64(round(one * order_step(*order, True))),
            gained_engagement=np.int64(round(one * order_step(*order, False))),
            nothing_to_buy=np.int64(round(-one * users.nothing_to_buy)),
            price=table(choice.price * np.outer(scenario.buyers.sensitivity.values(), sensitivity)),
            curvature=f4(choice.price_curvature),
            brand_taste=table(scenario.buyers.brand_taste.values()),
            beta_affinity=f4(choice.affinity),
            beta_impulse=f4(choice.impulse),
            beta_quality=f4(choice.quality),
            beta_brand=f4(choice.brand),
            beta_habit=f4(choice.habit),
            nest=f4(choice.nest),
            memory_weight=f4(choice.memory_weight),
            memory_step=f4(choice.memory_step),
            need=table([[need(float(day), tau) for day in days] for tau in taus]),
            habit_left=table((1.0 - learning.habit_fading) ** days),
            memory_left=table((1.0 - choice.memory_fading) ** days),
            private_attention=f4(scenario.attention.private),
            fatigue=f4(scenario.attention.fatigue),
            habit_attention=f4(scenario.attention.habit),
            habit_gain=f4(learning.habit_gain),
            affinity_gain=f4(learning.affinity_gain),
            affinity_fading=f4(learning.affinity_fading),
            affinity_return_loss=f4(learning.affinity_return_loss),
            follow_probability=f4(learning.follow_probability),
            follow_affinity=f4(learning.follow_affinity),
            trust_gain=f4(learning.trust_gain),
            trust_return_loss=f4(learning.trust_return_loss),
            return_base=np.float64(scenario.returns.base),
            return_slope=np.float64(scenario.returns.slope),
            return_pivot=np.float64(scenario.returns.pivot),
            return_category=np.array(scenario.returns.category.of(categories)),
            release=f4(routing.release_share),
            drain=f4(routing.drain),
            family_affinity=f4(routing.family_affinity),
            external_friction=f4(scenario.suppliers.external_friction),
        )


class SupplyTerms(NamedTuple):
    """The scenario's numbers of supply, by kind where they are arrays; shares of one, and flags."""

    offer: _Floats
    take: _Floats
    conduct: _Floats
    adoption: _Floats
    imitation: float
    exits: _Floats
    external: _Floats
    joins_plan: _Flags
    is_co_funded: _Flags
    comes_with_partner: _Flags
    sensitivity: float
    curvature: float
    nest: float
    speed: float
    belief_response: float
    refuse: float
    plan_lift: float
    stock_days: float
    capacity_gain: float
    cost_cut: float
    quality_gain: float
    awareness_gain: float
    partner_from: int
    library_exit: float
    loop_exit: float
    ad_burden: float

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Read the terms of supply from the scenario."""
        spec, kinds = scenario.suppliers, scenario.suppliers.kinds(scenario.kind_names)
        start, never = scenario.calendar.origin, LONGEST_HISTORY_DAYS
        return cls(
            offer=np.array([kind.commission_share for kind in kinds]),
            take=np.array(scenario.platform.take_share.of(scenario.kind_names)),
            conduct=np.array([kind.conduct for kind in kinds]),
            adoption=np.array([kind.adoption_per_day for kind in kinds]),
            imitation=spec.imitation,
            exits=np.array([kind.exit_per_day for kind in kinds]),
            external=np.array([kind.external_share for kind in kinds]),
            joins_plan=np.array(scenario.kinds_that("joins_plan")),
            is_co_funded=np.array(scenario.kinds_that("is_co_funded")),
            comes_with_partner=np.array(scenario.kinds_that("comes_with_partner")),
            sensitivity=scenario.choice.price,
            curvature=scenario.choice.price_curvature,
            nest=scenario.choice.nest,
            speed=spec.repricing_speed,
            belief_response=spec.belief_response,
            refuse=spec.refuse_share,
            plan_lift=spec.plan_lift,
            stock_days=spec.stock_days,
            capacity_gain=spec.investment.capacity_gain,
            cost_cut=spec.investment.cost_cut,
            quality_gain=spec.investment.quality_gain,
            awareness_gain=spec.awareness_gain,
            partner_from=(spec.partner_date - start).days if spec.partner_date else never,
            library_exit=spec.library_exit,
            loop_exit=spec.loop_exit_per_day,
            ad_burden=scenario.platform.ad_burden,
        )


class ShowcaseTerms(NamedTuple):
    """The scenario's numbers of selection, of head anchors' bargaining, and of live hours."""

    main_share: float
    spread: float
    bargaining: float
    head_discount: float
    price: float
    curvature: float
    nest: float
    quality: float
    brand: float
    budget_fen: float
    friction: float
    plan_lift: float
    library_mismatch: float
    live_response: float
    crowding: float

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Read them from the scenario; utilities are those of a mean buyer of the lower tiers."""
        anchors, choice, buyers = scenario.anchors, scenario.choice, scenario.buyers
        return cls(
            main_share=anchors.main_category_share,
            spread=anchors.category_spread,
            bargaining=anchors.bargaining,
            head_discount=anchors.head_discount,
            price=choice.price * buyers.sensitivity.tier3,
            curvature=choice.price_curvature,
            nest=choice.nest,
            quality=choice.quality * buyers.initial_trust,
            brand=choice.brand * buyers.brand_taste.tier3 / 2,
            budget_fen=100.0 * buyers.monthly_budget_rmb.tier3 * buyers.wallet_level,
            friction=scenario.suppliers.external_friction,
            plan_lift=scenario.suppliers.plan_lift,
            library_mismatch=scenario.suppliers.library_mismatch,
            live_response=anchors.live_response,
            crowding=scenario.attention.crowding,
        )


class SlotTerms(NamedTuple):
    """The scenario's numbers of traffic and attention, the same in every slot of every day.

    `slot_share` (float64, by slot) of a day; `most_sessions` (int64, by slot) of one buyer. By
    kind: take and offered commission in basis points (`take_bp`, `offer_bp`, int64), and
    `is_co_funded`.
    """

    slot_share: _Floats
    most_sessions: NDArray[np.int64]
    bid_share: float
    attention: float
    public_attention: float
    variety: float
    outside: float
    public_pull: float
    family_share: float
    take_bp: NDArray[np.int64]
    offer_bp: NDArray[np.int64]
    is_co_funded: _Flags

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Read them from the scenario."""
        shares, names = scenario.calendar.slot_share, scenario.kind_names
        takes = scenario.platform.take_share.of(names)
        offers = [kind.commission_share for kind in scenario.suppliers.kinds(names)]
        return cls(
            slot_share=np.array(shares),
            most_sessions=np.array([_most_sessions(share) for share in shares], np.int64),
            bid_share=scenario.platform.ad_bid_share,
            attention=scenario.attention.base,
            public_attention=scenario.attention.public,
            variety=scenario.attention.variety,
            outside=scenario.choice.outside,
            public_pull=scenario.routing.public_pull,
            family_share=scenario.routing.family_share,
            take_bp=np.array([to_bp(share) for share in takes], np.int64),
            offer_bp=np.array([to_bp(share) for share in offers], np.int64),
            is_co_funded=np.array(scenario.kinds_that("is_co_funded")),
        )


class PacingTerms(NamedTuple):
    """Numbers of what the platform sets each morning, and of the rival; flags by kind."""

    coupon_draw: float
    load_exponent: float
    rival: float
    reaction: float
    is_co_funded: _Flags

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Read them from the scenario."""
        return cls(
            coupon_draw=scenario.calendar.coupon_draw,
            load_exponent=scenario.platform.load_exponent,
            rival=scenario.rival.pull,
            reaction=scenario.rival.reaction,
            is_co_funded=np.array(scenario.kinds_that("is_co_funded")),
        )


class LearningTerms(NamedTuple):
    """Numbers of what is learned of a day.

    `weight` people a simulated buyer; `per_thousand` makes units sold those per 1,000 people and
    per cent of suppliers, however many of both are simulated. By kind: `expected_sales`, fen of the
    simulated sample that one per cent of all suppliers expects to sell on a plain day, and flags.
    """

    weight: int
    per_thousand: float
    expected_sales: _Floats
    signal_days: float
    belief_speed: float
    reaction_days: float
    leave_days: float
    return_days: float
    gone_below: float
    is_incubated: _Flags

    @classmethod
    def of(cls, scenario: Scenario, scale: Scale, weight: int) -> Self:
        """Read them from the scenario and the scale."""
        return cls(
            weight=weight,
            per_thousand=1000.0 / scale.buyers_count * scale.suppliers_count / 100.0,
            expected_sales=_expected_sales(scenario, scale),
            signal_days=float(scenario.anchors.signal_days),
            belief_speed=scenario.suppliers.belief_speed,
            reaction_days=float(scenario.rival.reaction_days),
            leave_days=scenario.users.leave_days,
            return_days=scenario.users.return_days,
            gone_below=scenario.users.gone_below,
            is_incubated=np.array(scenario.kinds_that("is_incubated")),
        )


def _expected_sales(scenario: Scenario, scale: Scale) -> _Floats:
    """What a supplier expects to sell on a plain day before it knows, by kind, sample fen."""
    yearly = np.array(
        [kind.expected_sales_rmb for kind in scenario.suppliers.kinds(scenario.kind_names)]
    )
    percent = scale.suppliers_count / 100
    sales = yearly * FEN_PER_RMB / RATE_DAYS_OF_2020 / percent * scale.buyers_count
    return np.asarray(sales)


_MOST_SESSIONS = 24
"""Sessions of one buyer in one day; a slot has its share of them."""


def _most_sessions(slot_share: float) -> int:
    """The most sessions of one buyer in a slot with this share of the day."""
    return math.ceil(_MOST_SESSIONS * slot_share)

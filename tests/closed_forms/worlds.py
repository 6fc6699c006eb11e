"""Small worlds with known answers, and the ways in which tests step through them."""

import numpy as np

from engine.jit import kernel
from engine.market import day as order_of_the_day
from engine.market.day import run_day
from engine.market.ledger.results import daily_table
from engine.market.pacing.controls import set_controls
from engine.market.run import plan_of
from engine.market.scratch import new_scratch
from engine.market.sessions.context import SlotContext
from engine.market.slot import hold_sessions, open_traffic
from engine.market.state import open_state
from engine.market.world import open_world
from tests.worlds import PLAIN

KINDS = ("source", "platform_brand", "domestic", "multinational", "partner")
ELSEWHERE_RMB = 1000
ELSEWHERE_FEN = 100 * ELSEWHERE_RMB

ALIKE = (
    *PLAIN,
    "policy=laissez_faire",
    # Everybody comes once a day, to whom the feed sends them, and whatever they buy comes
    # back: nobody's budget, habit or follows move.
    "scenario.calendar.slot_share=[1]",
    "scenario.platform.load_start=1",
    "scenario.platform.load_end=1",
    "scenario.users.load_aversion=0",
    "scenario.users.bad_purchase=0",
    "scenario.users.nothing_to_buy=0",
    "scenario.buyers.visits_per_day=1",
    "scenario.buyers.activity_log_sd=0",
    "scenario.buyers.habit_visits=0",
    "scenario.buyers.follows_count=0",
    "scenario.buyers.initial_habit=0",
    "scenario.buyers.bought_before_share=0",
    "scenario.buyers.newcomers_share=0",
    "scenario.returns.base=1",
    "scenario.returns.slope=0",
    "scenario.returns.category={apparel:1,food:1,beauty:1,household:1,appliances:1,phones:1}",
    # Anchors are few, differ in nothing and sell what their own supplier makes.
    "scenario.anchors.market_count=1",
    "scenario.anchors.category_share={apparel:1,food:0,beauty:0,household:0,appliances:0,phones:0}",
    "scenario.anchors.own_supply_share={head:1,waist:1,tail:1}",
    "policy.supply.library_open={head:0,waist:0,tail:0}",
    "scenario.anchors.fans_log_sd=0",
    "scenario.anchors.live_probability=[1,1]",
    "scenario.anchors.live_response=0",
    "scenario.anchors.bargaining=0",
    "scenario.anchors.head_discount=0",
    "scenario.anchors.families_count=0",
    "scenario.anchors.newcomers_share=0",
    "policy.traffic.floor=0",
    # Suppliers too: all there, in the shop, and learning nothing about the audience.
    "scenario.suppliers.price_log_sd=0",
    "scenario.suppliers.category_price={apparel:1,food:1,beauty:1,household:1,appliances:1,phones:1}",
    "scenario.suppliers.belief_speed=0",
    "scenario.suppliers.awareness_gain=0",
    "scenario.suppliers.imitation=0",
    "scenario.suppliers.partner_date=2020-01-01",
    "scenario.rival.reaction=0",
    *(
        f"scenario.suppliers.{kind}.{name}={value}"
        for kind in KINDS
        for name, value in {
            "price_rmb": ELSEWHERE_RMB,
            "cost_share": 0.5,
            "commission_share": 0,
            "quality_sd": 0,
            "conduct": 1,
            "joined_share": 1,
            "exit_per_day": 0,
            "external_share": 0,
        }.items()
    ),
    *(f"scenario.platform.take_share.{kind}=0" for kind in KINDS),
    "scale.suppliers_count=5",
)
"""Equal buyers, anchors and goods of `ELSEWHERE_RMB`; no fee, coupon, return or news."""

FIXED_PRICES = ("scenario.suppliers.repricing_speed=0",)


def only(kind: str) -> tuple[str, ...]:
    """All suppliers are of one kind."""
    return tuple(f"scenario.suppliers.{k}.count_share={int(k == kind)}" for k in KINDS)


def size(buyers: int, anchors: int = 1, goods: int = 1) -> tuple[str, ...]:
    """A population in which each simulated buyer is one person, and equal goods a showcase."""
    return (
        f"scale.buyers_count={buyers}",
        f"scenario.platform.pool_count={buyers}",
        f"scale.anchors_count={anchors}",
        f"scenario.suppliers.goods_count={goods}",
        f"scale.showcase_count={goods}",
    )


def logit(curvature: int, alpha: float, outside: float) -> tuple[str, ...]:
    """The logit's price sensitivity and outside option."""
    return (
        f"scenario.choice.price_curvature={curvature}",
        f"scenario.choice.price={alpha}",
        f"scenario.choice.outside={outside}",
    )


def coupon(rate: float, cap_rmb: float = 100_000, budget_bn_rmb: float = 1000) -> tuple[str, ...]:
    """One coupon for everybody on everything."""
    return (
        f"policy.subsidy.budget_bn_rmb={budget_bn_rmb}",
        "policy.subsidy.rate={" + ",".join(f"{kind}:{rate}" for kind in KINDS) + "}",
        f"policy.subsidy.cap_rmb={cap_rmb}",
    )


def box_cox(ratio, curvature: float):
    """B(x) of a price over the price elsewhere: (x^lambda - 1) / lambda, or ln x at 0."""
    return np.log(ratio) if curvature == 0 else (ratio**curvature - 1) / curvature


def share(paid: float, curvature: int, alpha: float, outside: float, n: int = 1) -> float:
    """P(j) of one of `n` equal goods of `ELSEWHERE_FEN`; Train 2009, eq. 3.6."""
    weight = np.exp(-alpha * box_cox(paid / ELSEWHERE_FEN, curvature))
    return float(weight / (np.exp(outside) + n * weight))


def bisect(f, low: float, high: float) -> float:
    """Where a function that is negative at `low` and positive at `high` is zero."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


class Stepped:
    """A market that tests step through: what is drawn, what changes, room, and the plan."""

    def __init__(self, asked) -> None:
        self.world = open_world(asked.scenario, asked.scale, asked.world_seed)
        self.state = open_state(self.world, asked.run_seed)
        self.plan = plan_of(self.world, asked.policy, self.state)
        self.scratch = new_scratch(self.world, self.state, asked.threads)

    @property
    def parts(self):
        """World, state and scratch: what a step takes."""
        return self.world, self.state, self.scratch

    @property
    def daily(self):
        """The columns of `catalogue.DAILY` of all days so far."""
        return daily_table(self.world, self.state)

    @property
    def streams(self):
        """Every stream of the day."""
        return self.scratch.streams

    def run_day(self) -> None:
        """Simulate one day."""
        run_day(self.world, self.plan, self.state, self.scratch)

    def begin_day(self):
        """Do the first two steps of a day; returns its levers and what the platform set."""
        levers = order_of_the_day._begin(self.world, self.plan, self.state, self.scratch)
        return levers, set_controls(self.world, self.plan, self.state, self.scratch, levers)

    def hold_slot(self):
        """Decide, without settling, the sessions of the day's first slot; returns its context."""
        context = self.open_slot()
        hold_sessions(self.scratch)
        return context

    def open_slot(self):
        """Do what comes before the sessions of the day's first slot; returns its context."""
        levers, pace = self.begin_day()
        order_of_the_day.supply(self.state, self.scratch, levers, pace)
        order_of_the_day.showcase(*self.parts, levers, pace)
        open_traffic(self.world, self.scratch, levers, pace, 0)
        return context_of(self.scratch)


@kernel
def _read(context):
    """Python's copy of a sealed record."""
    return context


def context_of(scratch):
    """The `SlotContext` of the slot that was opened last, its numbers of the kernels' types."""
    *kinds, _, _, _ = SlotContext.__annotations__.values()
    *numbers, take_bp, offer_bp, is_co_funded = _read(scratch.sealed.context)
    typed = (kind(number) for kind, number in zip(kinds, numbers, strict=True))
    return SlotContext(*typed, take_bp, offer_bp, is_co_funded)


def open_market(asked):
    """The market of a case on the morning of its first day."""
    return Stepped(asked)


def days_of(asked):
    """Run a case; yields its market at the end of every day."""
    market = open_market(asked)
    for _ in range(asked.scenario.calendar.n_days):
        market.run_day()
        yield market


def run_days(asked):
    """Run all days of a case; returns the market as it ended."""
    *_, last = days_of(asked)
    return last


def hold_slot(market, day: int = 0):
    """Decide, without settling, the sessions of a day's first slot; returns its looks."""
    market.state.day = day
    market.state.platform.invested_fen = np.zeros(day + 2)  # nothing was, on days left out
    market.hold_slot()
    room = market.scratch
    return np.concatenate([a[:n] for a, n in zip(room.looks, room.looks_count, strict=True)])


def near(seen, expected, errors, times: float = 4.0) -> None:
    """Every difference lies within so many standard errors."""
    off = np.abs(np.asarray(seen) - expected) / np.maximum(errors, 1e-300)
    assert np.all(off <= times), f"off by up to {np.max(off):.1f} standard errors"

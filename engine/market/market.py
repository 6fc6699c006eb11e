"""The market of one run: everything that changes, built from a case."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.market.ledger.totals import Folded, new_folded
from engine.market.plan import Levers, timetable
from engine.market.sessions.batch import Strip, new_strip
from engine.market.sessions.decide import most_sessions
from engine.market.sessions.routing import Feed
from engine.market.showcase.appraisal import Appraisal, ShowcaseTerms, new_appraisal, showcase_terms
from engine.market.showcase.pricing import WindowRoom, window_room
from engine.market.showcase.selection import Candidates, new_candidates
from engine.market.supply.trade import (
    KindCounts,
    Sellers,
    SupplyTerms,
    new_kind_counts,
    open_sellers,
    supply_terms,
)
from engine.market.tables import LOOK, Shop, Tally, new_shop, new_tally
from engine.market.tastes import Tastes, tastes
from engine.market.threads import Threads, blocks
from engine.market.traffic.feed import Airtime, Standing, new_airtime
from engine.population.anchors import Anchors, draw_anchors
from engine.population.buyers import Buyers, draw_buyers
from engine.population.suppliers import Goods, Suppliers, draw_goods, draw_suppliers
from engine.rng import Purpose, key
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB, N_KINDS, to_bp
from engine.year import Case

Floats = NDArray[np.float64]


@dataclass
class Accounts:
    """What the platform keeps from day to day; money in fen of the real market.

    Purses are of the simulated sample (fen divided by the weight, rounded down).
    """

    own_purse: int
    partner_purse: int
    gmv_paid: int = 0
    error_sum: float = 0.0
    push: float = 0.0
    activity: float = 1.0
    intensity: float = 0.0
    forecast: float = 0.0
    forecast_seen: bool = False
    uptake: float = 1.0
    kind_share: Floats = field(default_factory=lambda: np.full(N_KINDS, 1.0 / N_KINDS))
    return_share: float = -1.0
    first_return_share: float = -1.0
    kind_sales: Floats = field(default_factory=lambda: np.zeros(N_KINDS))


class Luck(NamedTuple):
    """Streams of what buyers draw, in the order of `Moment`, and room for their keys in a slot."""

    streams: NDArray[np.uint64]
    keys: NDArray[np.uint64]


@dataclass
class Market:
    """One market: the world's arrays, what changes, and room to work in."""

    case: Case
    weight: int
    days: list[Levers]
    anchors: Anchors
    suppliers: Suppliers
    goods: Goods
    buyers: Buyers
    sellers: Sellers
    standing: Standing
    shop: Shop
    feed: Feed
    tastes: Tastes
    supply: SupplyTerms
    selection: ShowcaseTerms
    accounts: Accounts
    threads: Threads
    blocks: list[tuple[int, int]]
    looks: list[NDArray[np.void]]
    looks_count: list[int]
    tallies: list[Tally]
    sold: Tally
    folded: Folded
    kind_counts: KindCounts
    airtime: Airtime
    luck: Luck
    strips: list[Strip]
    appraisal: Appraisal
    candidates: Candidates
    window: WindowRoom
    expected_sales: Floats
    take_bp: NDArray[np.int64]
    offer_bp: NDArray[np.int64]


def luck_of(seed: int) -> Luck:
    """The streams of one luck seed."""
    purposes = (
        Purpose.VISIT,
        Purpose.ROUTE,
        Purpose.LOOK,
        Purpose.CHOICE,
        Purpose.RATION_COUPON,
        Purpose.RATION_STOCK,
        Purpose.RETURN,
        Purpose.FOLLOW,
    )
    streams = np.array([key(seed, purpose) for purpose in purposes])
    return Luck(streams, np.zeros_like(streams))


def weight_of(case: Case) -> int:
    """People that one simulated buyer stands for."""
    pool, count = case.scenario.platform.pool_count, case.scale.buyers_count
    if count > pool:
        raise InputError(
            "scale.buyers_count",
            f"{count} simulated buyers, but the pool has {pool} people",
            f"1 to {pool}",
            "lower scale.buyers_count or raise scenario.platform.pool_count",
        )
    return pool // count


def expected_sales(case: Case) -> Floats:
    """What a supplier expects to sell on a plain day before it knows, by kind, sample fen."""
    yearly = np.array([kind.expected_sales_rmb for kind in case.scenario.suppliers.kinds()])
    percent = case.scale.suppliers_count / 100
    return np.asarray(yearly * FEN_PER_RMB / 366 / percent * case.scale.buyers_count)


def open_market(case: Case) -> Market:
    """Build the market of a case on the morning of its first day."""
    scenario, scale, seed = case.scenario, case.scale, case.world_seed
    weight = weight_of(case)
    suppliers = draw_suppliers(scenario, scale.suppliers_count, seed)
    anchors = draw_anchors(scenario, scale.anchors_count, suppliers.kind, seed)
    goods = draw_goods(scenario, suppliers, scale.showcase_count, seed)
    terms = supply_terms(scenario)
    n, places = anchors.fans.size, scale.showcase_count
    people = blocks(scale.buyers_count, case.threads)
    threads = min(case.threads, len(people))
    most = most_sessions(max(scenario.calendar.slot_share))
    engaged = anchors.engaged / anchors.engaged.sum()
    subsidy = case.policy.subsidy
    shop = new_shop(n, places, anchors.category, anchors.charisma, anchors.family, anchors.members)
    return Market(
        case=case,
        weight=weight,
        days=timetable(case.policy, scenario),
        anchors=anchors,
        suppliers=suppliers,
        goods=goods,
        buyers=draw_buyers(scenario, anchors, scale.buyers_count, seed),
        sellers=open_sellers(suppliers, goods, terms),
        standing=Standing(
            signal=engaged.copy(),
            slow_signal=engaged.copy(),
            audience=np.full(n, 1.0),
            commission=np.zeros(n),
            offered=np.zeros(n),
            margin=np.zeros(n),
        ),
        shop=shop,
        feed=Feed(np.zeros(n, np.uint64), np.zeros(1), np.zeros(1)),
        tastes=tastes(scenario),
        supply=terms,
        selection=showcase_terms(scenario),
        accounts=Accounts(
            own_purse=int(subsidy.budget_bn_rmb * FEN_PER_BN_RMB) // weight,
            partner_purse=int(subsidy.partner_budget_bn_rmb * FEN_PER_BN_RMB) // weight,
        ),
        threads=Threads(threads),
        blocks=people,
        # Untouched pages of zeros cost no memory: room for the worst case is free.
        looks=[np.zeros((last - first) * most, LOOK) for first, last in people],
        looks_count=[0] * len(people),
        tallies=[new_tally(n, places, suppliers.kind.size) for _ in range(threads)],
        sold=new_tally(n, places, suppliers.kind.size),
        folded=new_folded(goods.kind.size, n),
        kind_counts=new_kind_counts(),
        airtime=new_airtime(n),
        luck=luck_of(case.luck_seed),
        appraisal=new_appraisal(goods.kind.size),
        candidates=new_candidates(n, int(np.diff(goods.first_good).max())),
        window=window_room(shop),
        expected_sales=expected_sales(case),
        take_bp=np.array([to_bp(share) for share in terms.take], np.int64),
        offer_bp=np.array([to_bp(share) for share in terms.offer], np.int64),
        strips=[new_strip(most, places, *anchors.members.shape) for _ in range(threads)],
    )

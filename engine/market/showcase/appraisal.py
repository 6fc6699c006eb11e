"""What each good is today, and what it is worth to a showcase (M5)."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import stage, step
from engine.market.supply.trade import sells
from engine.rules.brand import known_brand
from engine.rules.choice import price_term
from engine.rules.closed_loop import IN_SHOP
from engine.rules.investment import cheapened, improved
from engine.rules.selection import showcase_score

_Floats = NDArray[np.float64]


class Appraisal(NamedTuple):
    """What a good is today, by good.

    `quality` and `brand` in [0, 1], `lowest` price (its cost, fen); `appeal` to any showcase:
    log of expected earnings per look for a mean buyer, -inf for what nobody may show.
    """

    quality: _Floats
    brand: _Floats
    lowest: NDArray[np.int64]
    appeal: _Floats

    @classmethod
    def new(cls, goods: int) -> Self:
        """Nothing known yet."""
        quality, brand, appeal = np.zeros((3, goods))
        return cls(quality, brand, np.zeros(goods, np.int64), appeal)


@step
def appraise(market, levers):
    """What each good is today, and what it is worth to a showcase.

    Fills the `Appraisal` of `market`, which names dtypes and units.
    """
    sellers, goods, supply = market.sellers, market.goods, market.supply
    appraisal = market.appraisal
    _describe_goods(goods, sellers.awareness, supply, levers.built, appraisal)
    _value_goods(market.suppliers, sellers, goods, market.selection, supply, levers, appraisal)


@stage
def _describe_goods(goods, awareness, supply, built, appraisal):
    """Quality and cost after investment (M21), brands as well known as they are (M2)."""
    for good in range(goods.kind.size):
        appraisal.quality[good] = improved(goods.quality[good], supply.quality_gain, built)
        appraisal.lowest[good] = np.int64(cheapened(goods.cost[good], supply.cost_cut, built))
    for good in range(goods.kind.size):
        known = awareness[goods.supplier[good]]
        appraisal.brand[good] = known_brand(goods.brand[good], known)


@stage
def _value_goods(suppliers, sellers, goods, terms, supply, levers, appraisal):
    """The appeal of every good to showcases."""
    plan_bonus = math.log(terms.plan_lift)
    for s in range(suppliers.kind.size):
        if not sells(suppliers, sellers, s):
            appraisal.appeal[goods.first_good[s] : goods.first_good[s + 1]] = -np.inf
            continue
        member, cps = sellers.in_plan[s], supply.offer[suppliers.kind[s]]
        cps = max(cps, levers.cps_floor) if member else cps
        bonus = plan_bonus if member else 0.0
        friction = terms.friction if sellers.listing[s] != IN_SHOP else 0.0
        for good in range(goods.first_good[s], goods.first_good[s + 1]):
            price = sellers.price[good]
            utility = (
                terms.quality * appraisal.quality[good]
                + terms.brand * appraisal.brand[good]
                - terms.price * _box_cox(price / goods.elsewhere[good], terms.curvature)
            )
            # Of a look's goods this one is bought by exp(utility / nest); who can pay is no taste.
            utility = utility / terms.nest - price / terms.budget_fen - friction / terms.nest
            appraisal.appeal[good] = showcase_score(price, cps, utility, bonus)


@step
def _box_cox(ratio, curvature):
    """B(x) of a price over the price elsewhere."""
    term = price_term(np.float32(math.log(ratio)), np.float32(curvature))
    return term if curvature == 0.0 else (term - 1.0) / curvature

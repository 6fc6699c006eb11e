"""By what a market differs in size from the template's, and what that takes for granted.

A market of n times the people sells n times as much, and one whose prices and incomes are all
n times as high sells for n times the money: nothing else changes (`tests/closed_forms`). So size
is three numbers: people that buy, how often they come, and what an amount of money is.
"""

from typing import Final, NamedTuple

from engine.starter.facts import Facts

GMV_BN: Final = (8.5, 11.7, 17.0, 18.4, 20.8, 23.3, 23.8, 26.1, 27.8, 30.2, 34.9, 34.3)
_ORDERS_MILLION: Final = (163, 225, 326, 354, 401, 444, 452, 484, 512, 545, 620, 611)
"""What the template without guests and partner sells by month under `usual`: at list price, four
populations at `scale=laptop`."""

_PAID_SHARE: Final = 0.98
"""GMV as paid / GMV at list price in that year."""

_USERS_MILLION: Final = (245, 262, 260, 262, 262, 262, 268, 272, 274, 271, 271, 271)
_POOL_MILLION: Final = 217.0
_ORDER_VALUE: Final = 1000 * sum(GMV_BN) / sum(_ORDERS_MILLION)
_POOL_SHARES: Final = (0.15, 0.85)
"""Least and most people that may buy, as a share of the daily users."""


class Sizes(NamedTuple):
    """Ratios to the template, and facts that were derived.

    `money` multiplies every price, income and coupon, `people` the pool, `users` the daily users,
    `visits` how often one comes, `gmv` every amount of the whole platform: money x people x visits.
    """

    money: float
    people: float
    users: float
    visits: float
    goal_bn: float
    assumed: tuple[str, ...]

    @property
    def income(self) -> float:
        """By what differs what one person spends."""
        return self.money * self.visits

    @property
    def gmv(self) -> float:
        """By what the platform's sales differ."""
        return self.money * self.people * self.visits


def sizes_of(facts: Facts) -> Sizes:
    """Return how large a market with these facts is, and what had to be assumed."""
    assumed: list[str] = []
    money = _money(facts, assumed)
    orders = _orders(facts, money, assumed)
    users = _users(facts, orders, assumed)
    daily = users * _mean(_USERS_MILLION, facts)
    least, most = (share * daily / _POOL_MILLION for share in _POOL_SHARES)
    people = min(max(orders, least), most)
    assumed.append(
        f"{people * _POOL_MILLION:.3g} million of the {daily:.3g} million daily users may buy, and "
        f"come {orders / people:.2g} times as often as in the template"
    )
    goal = facts.goal_bn
    if goal is None:
        goal = _round(sum(GMV_BN) * _PAID_SHARE * orders * money)
        assumed.append(
            f"the goal is what the year brings if it goes on as in the template: {goal:g} bn"
        )
    return Sizes(money, people, users, orders / people, goal, tuple(assumed))


def _money(facts: Facts, assumed: list[str]) -> float:
    """By what an order's value differs."""
    value = facts.order_value
    if value is None and facts.gmv_bn and facts.orders_million:
        value = 1000 * sum(facts.gmv_bn) / len(facts.gmv_bn) / facts.orders_million
        assumed.append(f"an order is worth {value:.3g}: GMV by orders")
    if value is None:
        assumed.append(f"an order is worth {_ORDER_VALUE:.2g}, as in the template")
        return 1.0
    own = 1000 * _mean(GMV_BN, facts) / _mean(_ORDERS_MILLION, facts)
    return value / own


def _orders(facts: Facts, money: float, assumed: list[str]) -> float:
    """By what orders differ: of GMV, orders, the goal or the users, the first that is given."""
    if facts.gmv_bn:
        return sum(facts.gmv_bn) / len(facts.gmv_bn) / (_mean(GMV_BN, facts) * money)
    if facts.orders_million:
        return facts.orders_million / _mean(_ORDERS_MILLION, facts)
    if facts.goal_bn:
        assumed.append(
            "sales, of which nothing is given: as large that the goal is what is to be expected"
        )
        return facts.goal_bn / (sum(GMV_BN) * _PAID_SHARE * money)
    if facts.users_million:
        assumed.append("sales, of which nothing is given: a user buys as often as in the template")
        return facts.users_million / _mean(_USERS_MILLION, facts)
    assumed.append("sales, of which nothing is given: as large as the template's")
    return 1.0


def _users(facts: Facts, orders: float, assumed: list[str]) -> float:
    if facts.users_million:
        return facts.users_million / _mean(_USERS_MILLION, facts)
    users = orders * _mean(_USERS_MILLION, facts)
    assumed.append(
        f"the app has {users:.3g} million daily users: as many by order as in the template"
    )
    return orders


def _mean(monthly: tuple[float, ...], facts: Facts) -> float:
    """Mean over the months that are given; over the year where none is."""
    months = monthly[: len(facts.gmv_bn)] if facts.gmv_bn else monthly
    return sum(months) / len(months)


def _round(value: float) -> float:
    """Two significant digits: an assumption is no more exact."""
    return float(f"{value:.2g}")

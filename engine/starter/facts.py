"""The few facts from which a market of one's own is set up, and by what its size then differs.

A market of n times the people sells n times as much, and one whose prices and incomes are all
n times as high sells for n times the money: nothing else changes (`tests/closed_forms`). So size
is three numbers: people that buy, how often they come, and what an amount of money is.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from engine.errors import InputError
from engine.spec.base import Spec
from engine.spec.explain import explain
from engine.spec.scenario import CURRENCY

_MOST_MONTHS: Final = 11
"""Months of sales that may be given: at least one of the year is still to be decided on."""

_Amount = Annotated[float, Field(gt=0, le=1e6)]

GMV_BN: Final = (8.5, 11.7, 17.0, 18.4, 20.8, 23.3, 23.8, 26.1, 27.8, 30.2, 34.9, 34.3)
_ORDERS_MILLION: Final = (163, 225, 326, 354, 401, 444, 452, 484, 512, 545, 620, 611)
"""What the template without guests and partner sells by month under `usual`: at list price, four
populations at `scale=laptop`."""

_PAID_SHARE: Final = 0.98
"""GMV as paid / GMV at list price in that year."""

_TAKEN_SHARE: Final = 0.64
"""Share of the take that returns and list prices leave of it: take rate / `platform.take_share`."""

_USERS_MILLION: Final = (245, 262, 260, 262, 262, 262, 268, 272, 274, 271, 271, 271)
_POOL_MILLION: Final = 217.0
_ORDER_VALUE: Final = 1000 * sum(GMV_BN) / sum(_ORDERS_MILLION)
_WORTH: Final = (3, 1000)
"""Least and most that an order may be worth: prices are whole hundredths, and incomes bounded."""

_MOST_VISITS: Final = 10.0
"""Most that a person may come, as a factor on the template's."""

_POOL_SHARES: Final = (0.15, 0.85)
"""Least and most people that may buy, as a share of the daily users."""


class Facts(Spec):
    """What is known of the market; everything may be left out, and is assumed then."""

    users_million: float | None = Field(
        None, ge=0.01, le=10_000, description="daily users of the app"
    )
    orders_million: float | None = Field(None, ge=1e-4, le=1e6, description="orders of a month")
    order_value: float | None = Field(None, gt=0, le=1e9, description="GMV at list price / orders")
    gmv_bn: tuple[_Amount, ...] | None = Field(
        None,
        min_length=1,
        max_length=_MOST_MONTHS,
        description="GMV at list price of each month so far, from January of the year on [bn]",
    )
    take_share: float = Field(
        0.012, ge=0, le=0.19, description="of GMV that the platform keeps, net of returns"
    )
    goal_bn: float | None = Field(None, gt=0, le=50_000, description="GMV as paid of the year [bn]")
    year: int = Field(2026, ge=1990, le=2100, description="that is simulated")
    currency: str = Field(
        "RMB", max_length=20, pattern=CURRENCY, description="what amounts are called, as USD"
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.worth is not None and not _WORTH[0] <= self.worth <= _WORTH[1]:
            unit = "a smaller unit, as currency=cents"
            if self.worth > _WORTH[1]:
                unit = "a larger unit, as currency='thousand KRW' order_value=40 for 40,000 KRW"
            raise ValueError(
                f"an order is worth {self.worth:g} {self.currency}; {_WORTH[0]} to {_WORTH[1]}: "
                "amounts have as many digits as those in RMB; count money in "
                f"{unit}, with gmv_bn and goal_bn in bn of it"
            )
        if self.gmv_bn and self.orders_million and self.order_value:
            known, told = sum(self.gmv_bn) / len(self.gmv_bn), self.monthly_gmv_bn
            if told is not None and abs(told / known - 1) > 0.1:
                raise ValueError(
                    f"orders_million times order_value is {told:.3g} bn a month, but gmv_bn says "
                    f"{known:.3g} on average; facts that agree within a tenth; leave one of the "
                    "three out"
                )
        if self.gmv_bn and self.goal_bn and sum(self.gmv_bn) >= self.goal_bn:
            raise ValueError(
                f"gmv_bn adds up to {sum(self.gmv_bn):.3g} bn, and goal_bn is {self.goal_bn:g}; "
                "a goal that is still to be reached; give a larger goal_bn, or leave it out"
            )
        return self

    @property
    def worth(self) -> float | None:
        """What an order is worth, given or by GMV and orders; None where that is not known."""
        if self.order_value is None and self.gmv_bn and self.orders_million:
            return 1000 * sum(self.gmv_bn) / len(self.gmv_bn) / self.orders_million
        return self.order_value

    @property
    def fee_share(self) -> float:
        """Share of the price of an order that is kept of which `take_share` of GMV remains."""
        return self.take_share / _TAKEN_SHARE

    @property
    def monthly_gmv_bn(self) -> float | None:
        """GMV of a month by orders and their value, bn; None where they are not both given."""
        if self.orders_million is None or self.order_value is None:
            return None
        return self.orders_million * self.order_value / 1000


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

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """Return how large a market with these facts is, and what had to be assumed."""
        assumed: list[str] = []
        money = _money(facts, assumed)
        orders = _orders(facts, money, assumed)
        users = _users(facts, orders, assumed)
        daily = users * _mean(_USERS_MILLION, facts)
        least, most = (share * daily / _POOL_MILLION for share in _POOL_SHARES)
        people = min(max(orders, least), most)
        _check_visits(orders / people, daily)
        assumed.append(
            f"{people * _POOL_MILLION:.3g} million of the {daily:.3g} million daily users may buy, "
            f"and come {orders / people:.2g} times as often as in the template"
        )
        goal = facts.goal_bn
        if goal is None:
            goal = _round(sum(GMV_BN) * _PAID_SHARE * orders * money)
            assumed.append(
                f"the goal is what the year brings if it goes on as in the template: {goal:g} bn"
            )
        return cls(money, people, users, orders / people, goal, tuple(assumed))

    @property
    def income(self) -> float:
        """By what differs what one person spends."""
        return self.money * self.visits

    @property
    def gmv(self) -> float:
        """By what the platform's sales differ."""
        return self.money * self.people * self.visits


def read_facts(words: Sequence[str]) -> Facts:
    """Return the facts that were typed as `key=value`.

    Raises
    ------
    InputError
        For a word that is none, a key that is given twice or is unknown, and a bad value.
    """
    given: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise _refused(word, "is no fact", "key=value")
        if key in given:
            raise _refused(key, "is given twice", "every fact once")
        given[key] = _value(key, text)
    try:
        return Facts.model_validate(given, strict=False)
    except ValidationError as error:
        raise explain(error, Facts) from None


def _value(key: str, text: str) -> Any:
    """Read a number or a list of numbers; a text stays one."""
    if key == "currency":
        return text
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _refused(key, f"got {text[:60]!r}", "a number, or a list such as [1.5,1.7]") from None
    if isinstance(value, str):  # YAML takes 3e7 as a text
        try:
            return float(value)
        except ValueError:
            return value
    return [value] if key == "gmv_bn" and isinstance(value, int | float) else value


def _check_visits(visits: float, daily_million: float) -> None:
    """Refuse facts by which one person buys more than anybody does.

    Raises
    ------
    InputError
        Saying what they come to, and in which units they are.
    """
    if visits > _MOST_VISITS:
        usual = sum(_ORDERS_MILLION) / 12 / _POOL_MILLION
        raise InputError(
            "facts",
            f"sales are {visits * usual:.3g} orders a month for each of the "
            f"{_POOL_SHARES[1] * daily_million:.3g} million people who may buy of "
            f"{daily_million:.3g} million daily users",
            f"at most {_MOST_VISITS * usual:.0f} a month; Kuaishou's bought {usual:.1f} in 2020",
            "see to the units, users and orders in millions, sales and goal in bn; or correct "
            "users_million",
        )


def _refused(where: str, what: str, allowed: str) -> InputError:
    known = ", ".join(f"{name}=" for name in Facts.model_fields)
    return InputError(where, what, allowed, f"the facts are {known[:-1]}")


def _money(facts: Facts, assumed: list[str]) -> float:
    """By what an order's value differs."""
    value = facts.worth
    if value is not None and facts.order_value is None:
        assumed.append(f"an order is worth {value:.3g}: GMV by orders")
    if value is None:
        whose = "" if facts.currency == "RMB" else ": a number of RMB, give order_value of your own"
        assumed.append(
            f"an order is worth {_ORDER_VALUE:.2g} {facts.currency}, as in the template{whose}"
        )
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

"""The few facts from which a market of one's own is set up, as they are typed."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from engine.errors import InputError
from engine.spec.base import Spec
from engine.spec.explain import explain
from engine.spec.scenario import CURRENCY

_MOST_MONTHS: Final = 11
"""Months of sales that may be given: at least one of the year is still to be decided on."""

_Amount = Annotated[float, Field(gt=0, le=1e6)]


class Facts(Spec):
    """What is known of the market; everything may be left out, and is assumed then."""

    users_million: float | None = Field(
        None, ge=0.01, le=10_000, description="daily users of the app"
    )
    orders_million: float | None = Field(None, ge=1e-4, le=1e6, description="orders of a month")
    order_value: float | None = Field(None, ge=3, le=1000, description="GMV at list price / orders")
    gmv_bn: tuple[_Amount, ...] | None = Field(
        None,
        min_length=1,
        max_length=_MOST_MONTHS,
        description="GMV at list price of each month so far, from January of the year on [bn]",
    )
    take_share: float = Field(0.02, ge=0, le=0.3, description="of sales that the platform keeps")
    goal_bn: float | None = Field(None, gt=0, le=50_000, description="GMV as paid of the year [bn]")
    year: int = Field(2026, ge=1990, le=2100, description="that is simulated")
    currency: str = Field(
        "RMB", max_length=20, pattern=CURRENCY, description="of all amounts, as USD"
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
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
    def monthly_gmv_bn(self) -> float | None:
        """GMV of a month by orders and their value, bn; None where they are not both given."""
        if self.orders_million is None or self.order_value is None:
            return None
        return self.orders_million * self.order_value / 1000


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


def _refused(where: str, what: str, allowed: str) -> InputError:
    known = ", ".join(f"{name}=" for name in Facts.model_fields)
    return InputError(where, what, allowed, f"the facts are {known[:-1]}")

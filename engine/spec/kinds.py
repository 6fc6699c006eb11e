"""The words that a scenario declares, kinds of supplier and categories of goods, and their use.

Groups that have a key for each of them (`engine.spec.base.Open`) are checked against them: those of
the scenario where it is validated, policies where a job is. Arrays by kind and by category are in
the order in which they are declared.
"""

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import Field, ValidationError
from pydantic_core import InitErrorDetails

from engine.spec.base import Spec

OTHERS: Final = "others"
"""In a policy's rates: all kinds that it does not name. No kind has this name."""

_Path = tuple[int | str, ...]


class Kind(Spec):
    """What is true of a kind of supplier, beside its numbers in `suppliers`."""

    name: str = Field(description="its word in keys and tables: a to z, digits and _")
    title: str = Field("", max_length=60, description="what pages call its goods; none: its word")
    is_brand: bool = Field(False, description="its goods count in the brand share")
    joins_plan: bool = Field(False, description="may enter the brand plan (M12)")
    learns_from_trials: bool = Field(False, description="trial streams move its belief (M15)")
    is_incubated: bool = Field(
        False, description="becomes known by what it sells, and the platform pays for that (M2)"
    )
    is_co_funded: bool = Field(
        False, description="the retail partner pays a part of the coupons on its goods (M4)"
    )
    comes_with_partner: bool = Field(
        False, description="there from suppliers.partner_date on, and never before (M4)"
    )
    mechanism: Literal["", "m01_source_goods", "m04_retail_partner"] = Field(
        "", description="that the coupon on its goods belongs to, if any"
    )

    @property
    def goods(self) -> str:
        """What pages call its goods."""
        return self.title or self.name.replace("_", " ")


def refuse(mistakes: Iterable[tuple[_Path, str]]) -> None:
    """Raise pydantic's error where there are mistakes: broken rules of the groups at some paths.

    Each is told as `engine.spec.explain` takes it: what; allowed; remedy. Empty is none.
    """
    found = [
        InitErrorDetails(type="value_error", loc=path, input={}, ctx={"error": ValueError(told)})
        for path, told in mistakes
        if told
    ]
    if found:
        raise ValidationError.from_exception_data("words", found)

"""What every specification shares: frozen, typed, range-checked, unknown keys refused."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import core_schema


class Spec(BaseModel):
    """A validated, immutable piece of configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def quantity(unit: str, doc: str, **limits: float) -> Any:
    """A required field with its unit, meaning and limits (`ge`, `gt`, `le`, `lt`)."""
    return Field(description=f"{doc} [{unit}]", json_schema_extra={"unit": unit}, **limits)  # type: ignore[call-overload]


MOST_BN: Final = 100_000.0
"""Most bn RMB of any amount of the platform: three years of it, in fen, are far below 2^63."""

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=10_000)]
_NonNegative = Annotated[float, Field(ge=0, le=1_000_000)]
LogSd = Annotated[float, Field(ge=0, le=3)]
"""Standard deviation of a logarithm."""
Utility = Annotated[float, Field(ge=0, le=50)]


class ByTier(Spec):
    """One number per city-tier group."""

    tier12: _NonNegative
    tier3: _NonNegative

    def values(self) -> tuple[float, ...]:
        """The numbers in the order of `engine.units`."""
        return self.tier12, self.tier3


_WORDS: Final = "__pydantic_extra__"
"""Where pydantic keeps what stands beside the declared fields."""


class Open(Spec):
    """A group that also has a key for each word of a list in the scenario, all of one type.

    Which words there must be is checked where the scenario is known: `engine.spec.scenario` of its
    own groups, `engine.spec.jobs` of policies. A value is an attribute under its word.
    """

    model_config = ConfigDict(extra="allow")

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are given."""
        return tuple(self.__pydantic_extra__ or ())

    def misfit(self, words: Sequence[str], key: str) -> str:
        """What is wrong if it is to have the `words` of `scenario.<key>`; empty if nothing is.

        Told as `engine.spec.explain` takes it: what; allowed; remedy.
        """
        missing = [word for word in words if word not in self.words]
        unknown = [word for word in self.words if word not in words]
        told = [f"there is no value for {', '.join(missing)}"] if missing else []
        told += [f"scenario.{key} has no {', '.join(unknown)}"] if unknown else []
        remedy = f"name what scenario.{key} has and nothing else, or correct scenario.{key}"
        return f"{' and '.join(told)}; {', '.join(words)}; {remedy}" if told else ""

    @classmethod
    def type_of_word(cls) -> Any:
        """The annotation of the value under a word."""
        own = (
            vars(one).get("__annotations__", {}).get("__pydantic_extra__") for one in cls.__mro__
        )
        return get_args(next(found for found in own if found))[1]


class _ByWord(Open):
    """One number per word."""

    __pydantic_extra__: dict[str, _NonNegative]

    def of(self, words: Iterable[str]) -> tuple[float, ...]:
        """The numbers of some words, in their order."""
        return tuple(getattr(self, word) for word in words)


class ByKind(_ByWord):
    """One number per kind of supplier."""


class ByCategory(_ByWord):
    """One number per category of goods."""


class Dated(Spec):
    """A value that may change at dates: `steps[k] = (first day, value)`, in order of time.

    Written as a plain number (always) or as a mapping from the first day to the value
    from that day on, e.g. `{2020-01-01: 0.0, 2020-06-16: 0.1}`; before its first date
    a mapping holds its first value.
    """

    steps: tuple[tuple[date, float], ...]

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, raw: Any) -> Any:
        if isinstance(raw, Dated):
            return {"steps": raw.steps}
        if isinstance(raw, Mapping) and set(raw) == {"steps"}:  # a dumped one
            return raw
        entries = raw if isinstance(raw, Mapping) else {date.min: raw}
        if not entries:
            raise ValueError("a dated value needs at least one date")
        return {"steps": tuple(sorted(_parse_step(day, value) for day, value in entries.items()))}

    def on(self, day: date) -> float:
        """The value in force on `day`."""
        value = self.steps[0][1]
        for first_day, step in self.steps:
            if first_day <= day:
                value = step
        return value


def _parse_step(day: Any, value: Any) -> tuple[date, float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number, or a mapping from dates to numbers, got {value!r}")
    try:
        first_day = day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        raise ValueError(f"{day!r} is not a date like 2020-06-16") from None
    return first_day, float(value)


_Search = tuple[float, float] | tuple[float, float, str]
"""Where a lever is worth searching: (low, high), or (low, high, "log")."""

Grows = Literal["", "gmv", "order"]
"""What an amount of money is in proportion to: the platform's GMV, or the value of an order."""


class MarketSize(Spec):
    """How large the amounts of a market are; the ranges of levers in money follow."""

    gmv_bn_rmb: float = Field(250.0, gt=0, le=MOST_BN)
    order_value_rmb: Positive = 70.0

    def times(self, grows: Grows) -> float:
        """By what an amount of the reference, 250 bn a year in orders of 70, is multiplied."""
        if not grows:
            return 1.0
        return self.gmv_bn_rmb / 250.0 if grows == "gmv" else self.order_value_rmb / 70.0


@dataclass(frozen=True)
class Lever:
    """Declares a field of the policy as a lever: all that the engine knows of it.

    Of type `Dated` it may change at dates; a plain number holds throughout.

    Parameters
    ----------
    unit, doc : what it is measured in, and what it does.
    ge, le : its range.
    off : the value at which it does nothing; None where no value does.
    mechanism : to which it belongs; empty for levers of every coupon.
    switch : whether switching its mechanism off sets it to `off`.
    search : where `space=all_levers` searches it, in a market of the reference's `MarketSize`.
    grows : what its amounts are in proportion to.
    day : its name in the table of the day (`engine.market.plan`), its own if empty.
    convert : from its value to that of the table.
    needs : without which it does nothing, whatever its value: one of these rows, all of whose
        levers must act. A row names levers, groups of levers (one of them must act), or a lever
        at a value that it must reach on some day, as `subsidy.partner_share=1`. Empty: nothing.
    """

    unit: str
    doc: str
    ge: float
    le: float
    off: float | None
    mechanism: str
    search: _Search
    switch: bool = False
    grows: Grows = ""
    day: str = ""
    convert: Callable[[float], float] = float
    needs: tuple[tuple[str, ...], ...] = ()

    def check(self, dated: Dated) -> Dated:
        """The value itself; raises ValueError where a step lies outside the range."""
        for _, value in dated.steps:
            if not self.ge <= value <= self.le:
                raise ValueError(f"must lie between {self.ge:g} and {self.le:g}, got {value:g}")
        return dated

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        schema = handler(source)
        if schema["type"] in {"float", "int"}:
            limited: Any = {**schema, "ge": self.ge, "le": self.le}
            return limited  # type: ignore[no-any-return]
        return core_schema.no_info_after_validator_function(self.check, schema)


@dataclass(frozen=True)
class Called:
    """Says beside a `Lever`, or of a group of them, what people call it.

    Parameters
    ----------
    noun : on pages and in tables; a group's where all of its levers move together.
    at : in a policy's name what it does at a value, whose format stands in braces.
    off : the same where it is off; if empty as at any other value.
    """

    noun: str
    at: str = ""
    off: str = ""

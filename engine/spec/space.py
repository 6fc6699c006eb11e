"""What a search may move: levers with bounds, choices, dates and conditions, and rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from engine.spec.base import MarketSize, Spec
from engine.spec.levers import levers_of

AT: Final = "@"
"""Between a lever's path and the first day of one of its values: `price.cap@2020-06-16`."""


_Number = Annotated[float, Field(ge=-1e15, le=1e15)]
_Whole = Annotated[int, Field(ge=-(10**15), le=10**15)]

Choice = bool | _Whole | _Number | str


class LeverRange(Spec):
    """One number to be found: its bounds, and on which scale it is drawn."""

    low: _Number
    high: _Number
    log: bool = False
    integer: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_range(self.low, self.high, self.log)
        return self


class When(Spec):
    """A condition on another searched value: all that is given must hold."""

    lever: str
    above: _Number | None = None
    below: _Number | None = None
    equals: Choice | None = None

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.above is None and self.below is None and self.equals is None:
            raise ValueError(
                "when says nothing of its lever; above, below or equals; "
                "add one: +{where}.above=..."
            )
        return self

    def holds(self, value: Choice | None) -> bool:
        """Tell whether a value meets the condition; one that changes over time does not."""
        if value is None or (self.equals is not None and value != self.equals):
            return False
        if self.above is None and self.below is None:
            return True
        number = float(value)
        return (self.above is None or number > self.above) and (
            self.below is None or number < self.below
        )


class SearchedLever(Spec):
    """One searched lever of the policy, e.g. `subsidy.rate.source`.

    `low` and `high`, or `choices`; `dates` give it a free value from each date on; while
    `when` does not hold it keeps the base policy's value.
    """

    low: _Number | None = None
    high: _Number | None = None
    log: bool = False
    integer: bool = False
    choices: Annotated[tuple[Choice, ...], Field(min_length=2)] | None = None
    dates: tuple[date, ...] = ()
    when: When | None = None

    @field_validator("choices", "dates", mode="before")
    @classmethod
    def _frozen(cls, raw: Any) -> Any:
        """Flattening a tree hands lists on, where strict rules want tuples."""
        return tuple(raw) if isinstance(raw, list) else raw

    @field_validator("dates", mode="before")
    @classmethod
    def _days(cls, raw: Any) -> Any:
        """Flattening a tree hands texts on, where strict rules want dates."""
        return tuple(map(_day, raw)) if isinstance(raw, list | tuple) else raw

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log or self.integer:
                raise ValueError("choices stand beside bounds; either choices, or low and high")
            if len(set(self.choices)) < len(self.choices):
                raise ValueError("choices repeat a value; every value once")
        elif self.low is None or self.high is None:
            raise ValueError("neither bounds nor choices; low and high, or choices: [a, b]")
        else:
            _check_range(self.low, self.high, self.log)
        if list(self.dates) != sorted(set(self.dates)):
            raise ValueError("dates are not in order of time, each once; rising dates")
        return self

    @property
    def ends(self) -> tuple[Choice, Choice]:
        """The bounds, or the first and the last choice."""
        if self.choices is not None:
            return self.choices[0], self.choices[-1]
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    @property
    def bounds(self) -> tuple[float, float]:
        """The bounds of a lever without choices."""
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    def names(self, path: str) -> dict[str, date | None]:
        """Return the names of its free values, each with its first day if it has dates."""
        if not self.dates:
            return {path: None}
        return {f"{path}{AT}{day}": day for day in self.dates}


class Rule(Spec):
    """A sum of searched values, each times its coefficient, that must lie within limits."""

    terms: dict[str, _Number] = Field(min_length=1)
    at_least: _Number | None = None
    at_most: _Number | None = None

    @field_validator("terms", mode="before")
    @classmethod
    def _flat(cls, raw: Any) -> Any:
        """Terms come by dotted name or as a tree like the policy's."""
        return dict(_ends(raw)) if isinstance(raw, Mapping) else raw

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(
                "a rule needs a limit; at_least, at_most or both; "
                "add one: +{where}.at_least=... or +{where}.at_most=..."
            )
        return self


class Space(Spec):
    """The levers a search moves; everything else stays as in the base policy.

    Only points that satisfy all `rules` are simulated. `trajectory` moves the monotone target
    knots through `trajectory_knots_count` increments.
    """

    name: str
    size: MarketSize | None = Field(
        None, description="of the market, which ranges of `every_lever` follow; none: the reference"
    )
    levers: dict[str, SearchedLever]
    rules: dict[str, Rule] = Field(default_factory=dict)
    every_lever: bool = Field(
        False, description="search every other lever too, where the catalogue says"
    )
    trajectory: bool = False
    trajectory_knots_count: int = Field(
        4,
        ge=2,
        le=12,
        description="free knots of the trajectory, where it is searched [knots]",
        json_schema_extra={"unit": "knots"},
    )

    @model_validator(mode="before")
    @classmethod
    def _every_lever(cls, raw: Any, info: ValidationInfo) -> Any:
        """Add the levers that are not listed, with the ranges of the catalogue.

        It is that of the kinds that the context of a job knows.
        """
        kinds = (info.context or {}).get("kinds")
        if not (kinds and isinstance(raw, Mapping) and raw.get("every_lever") is True):
            return raw
        listed = raw.get("levers")
        levers = dict(leaves(listed)) if isinstance(listed, Mapping) else {}
        size = _size(raw.get("size"))
        for path, lever in levers_of(kinds).items():
            low, high = lever.search_in(size)
            found = {"low": low, "high": high, "log": lever.log, "integer": lever.integer}
            levers.setdefault(path, {"choices": lever.choices} if lever.choices else found)
        return {**raw, "levers": levers}

    @field_validator("levers", mode="before")
    @classmethod
    def _flat(cls, raw: Any) -> Any:
        """Levers come as a tree like the policy's: a command line cannot reach dotted keys."""
        return dict(leaves(raw)) if isinstance(raw, Mapping) else raw


def leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield what stands at the ends of a tree of ranges, by its dotted key."""
    for name, entry in tree.items():
        if isinstance(entry, Mapping) and all(isinstance(e, Mapping) for e in entry.values()):
            yield from leaves(entry, (*path, name))
        else:
            yield ".".join((*path, name)), entry


def _size(raw: Any) -> MarketSize:
    """The size that is given; the reference where none is, or one that is refused later."""
    try:
        return MarketSize() if raw is None else MarketSize.model_validate(raw)
    except ValidationError:
        return MarketSize()


def _ends(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the numbers at the ends of a tree, by dotted key."""
    for name, entry in tree.items():
        if isinstance(entry, Mapping):
            yield from _ends(entry, f"{above}{name}.")
        else:
            yield f"{above}{name}", entry


def _day(raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"{raw!r} is not a date like 2020-06-16") from None


def _check_range(low: float, high: float, log: bool) -> None:
    if not low < high:
        raise ValueError("low must lie below high; a low that is less than the high")
    if log and low <= 0:
        raise ValueError("a log range needs low above 0; low above 0, or log=false")

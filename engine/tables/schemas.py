"""What every own table holds: columns with type, unit, range, meaning, and what they refer to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

from engine.population.given_buyers import LAST
from engine.spec.calendar import LONGEST_HISTORY_DAYS
from engine.units import TIERS

Words = tuple[tuple[str, ...], tuple[str, ...]]
"""The scenario's kinds and categories, which some columns take, and are named by."""

_Kind = Literal["id", "whole", "number", "truth", "word", "text", "date"]
"""Of values: an id is a text or a whole number, a truth true or false, a word one of some."""

_WORDS: Final[dict[_Kind, str]] = {
    "id": "a text or a whole number",
    "whole": "a whole number",
    "number": "a number",
    "truth": "true or false",
    "text": "a text",
    "date": "a date like 2020-06-16",
}
_MOST_FEN: Final = 2_000_000_000
_LARGEST: Final = 1_000_000_000_000
_DAYS_BEFORE: Final = 1000
_KIND: Final = ("a kind",)
_CATEGORY: Final = ("a category",)
"""Stand for the words of the scenario."""
_FOLLOWS_COUNT: Final = 8
"""Whom a buyer may follow at once."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name, kind, unit, doc : what it is called, holds, is measured in, and means.
    field : what of the world it fills; its own name if empty.
    least, most, above : its range, `above` left out.
    words : that a `word` may be; their numbers in the world are their places here.
    references : table whose rows it names.
    is_required : whether the table is refused without it; else it is drawn.
    is_nullable : whether it may be empty, which then means none.
    """

    name: str
    kind: _Kind
    unit: str
    doc: str
    field: str = ""
    least: float | None = None
    most: float | None = None
    above: float | None = None
    words: tuple[str, ...] = ()
    references: str = ""
    is_required: bool = False
    is_nullable: bool = False

    @property
    def fills(self) -> str:
        """Name of what it fills."""
        return self.field or self.name

    @property
    def allowed(self) -> str:
        """What a value may be, in words."""
        found = [f"one of {', '.join(self.words)}" if self.words else _WORDS[self.kind]]
        limits = {"at least": self.least, "above": self.above, "at most": self.most}
        found += [f"{word} {_plain(limit)}" for word, limit in limits.items() if limit is not None]
        if self.references:
            found.append(f"the id of one of the {self.references}")
        return ", ".join([*found, "or empty"] if self.is_nullable else found)


@dataclass(frozen=True)
class Schema:
    """A table: what a row is, the column that names it, and all columns."""

    name: str
    doc: str
    key: str
    columns: tuple[Column, ...] = field(default=())

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)


def _plain(limit: float) -> str:
    return f"{int(limit):,}" if float(limit).is_integer() else f"{limit:g}"


def _share(name: str, doc: str, fills: str, unit: str = "share") -> Column:
    return Column(name, "number", unit, doc, fills, least=0, most=1)


def _day(name: str, doc: str, fills: str) -> Column:
    most = LONGEST_HISTORY_DAYS - 1
    return Column(name, "whole", "days after the first day", doc, fills, least=0, most=most)


_ANCHORS = Schema(
    "anchors",
    "one anchor, or several alike",
    "anchor_id",
    (
        Column("anchor_id", "id", "", "name of the anchor", is_required=True),
        Column(
            "fans_count", "number", "people", "fans on the first day; 0 for who begins later",
            "fans", least=0, most=1e10, is_required=True,
        ),
        Column(
            "stands_for_count", "whole", "anchors", "how many anchors alike the row is; else 1",
            "stands_for", least=1, most=1_000_000,
        ),
        Column(
            "engaged_weight", "number", "weight", "of being followed; else fans^engaged_power",
            "engaged", least=0, most=1e12,
        ),
        _day("arrives_day", "when it begins; else 0", "arrives"),
        Column(
            "tier", "word", "", "size; else by rank of fans", words=("head", "waist", "tail"),
        ),
        Column("category", "word", "", "what it mostly sells", words=_CATEGORY),
        Column(
            "charisma_factor", "number", "factor", "on its fans' attention", "charisma",
            above=0, most=100,
        ),
        _share("live_probability", "of streaming in a slot", "live_base", "probability"),
        Column("family", "text", "", "name of its family; empty: none", is_nullable=True),
        Column(
            "family_place", "whole", "place", "in its family, 0 leads; else by fans",
            least=0, most=1_000_000, is_nullable=True,
        ),
        Column(
            "own_supplier_id", "id", "", "supplier of its own; empty: none", "own_supplier",
            references="suppliers", is_nullable=True,
        ),
        Column("is_brand", "truth", "", "account of a brand; else by its own supplier's kind"),
    ),
)  # fmt: skip

_SUPPLIERS = Schema(
    "suppliers",
    "one supplier",
    "supplier_id",
    (
        Column("supplier_id", "id", "", "name of the supplier", is_required=True),
        Column("kind", "word", "", "of supplier", words=_KIND, is_required=True),
        Column("joined", "truth", "", "whether it is on the platform on the first day"),
        Column(
            "capacity_units", "number", "units a day", "that it can deliver", "capacity",
            above=0, most=_LARGEST,
        ),
        Column(
            "adoption_threshold", "number", "hazard", "at which it joins; instead of `joined`",
            "threshold", least=0, most=1e6,
        ),
        Column(
            "adoption_hazard", "number", "hazard", "gathered before the first day", "hazard",
            least=0, most=1e6,
        ),
        Column("exit_threshold", "number", "hazard", "at which it leaves", least=0, most=1e6),
        _share("external_draw", "rank in the wish to link out of the shop", "", "rank"),
        _share("gate_draw", "rank in what a closed loop catches", "", "rank"),
        _share("refuse_draw", "rank in the wish to leave over a closed loop", "", "rank"),
        Column(
            "plan_threshold", "number", "factor", "on what the brand plan must bring", above=0,
            most=1e6,
        ),
    ),
)  # fmt: skip

_GOODS = Schema(
    "goods",
    "one good of one supplier",
    "good_id",
    (
        Column("good_id", "id", "", "name of the good", is_required=True),
        Column(
            "supplier_id", "id", "", "who sells it", "supplier", references="suppliers",
            is_required=True,
        ),
        Column("category", "word", "", "of goods", words=_CATEGORY),
        Column(
            "price_elsewhere_fen", "whole", "fen", "price on other platforms", "elsewhere",
            least=1, most=_MOST_FEN,
        ),
        Column("cost_fen", "whole", "fen", "unit cost", "cost", least=1, most=_MOST_FEN),
        _share("quality_share", "quality", "quality"),
        _share("brand_share", "strength of the brand", "brand"),
    ),
)  # fmt: skip

_BUYERS = Schema(
    "buyers",
    "one buyer",
    "buyer_id",
    (
        Column(
            "buyer_id", "whole", "", "name of the buyer", least=0, most=2**62, is_required=True
        ),
        Column("tier", "word", "", "tier of the city", words=TIERS),
        _day("arrives_day", "when it first comes", "arrives"),
        Column(
            "activity_factor", "number", "factor", "on visits, mean 1", "activity",
            least=0.001, most=600,
        ),
        Column(
            "sensitivity_factor", "number", "factor", "on price sensitivity, mean 1",
            "sensitivity", least=0.13, most=7.4,
        ),
        _share("impulse_rank", "in buying on impulse", "impulse", "rank"),
        _share("taste_rank", "in liking brands", "taste", "rank"),
        Column(
            "monthly_budget_rmb", "whole", "RMB a month", "on live shopping", "income",
            least=1, most=20_000,
        ),
        Column(
            "wallet_fen", "whole", "fen", "to spend on the first day", "budget",
            least=0, most=_MOST_FEN,
        ),
        _share("trust_share", "trust in what is sold", "trust"),
        Column("bought_before", "truth", "", "whether it ever bought"),
        _share("habit_share", "habit of buying live", "habit"),
    ),
)  # fmt: skip

_FOLLOWS = Schema(
    "follows",
    f"one anchor that one buyer follows, at most {_FOLLOWS_COUNT} a buyer",
    "",
    (
        Column("buyer_id", "whole", "", "who follows", references="buyers", is_required=True),
        Column("anchor_id", "id", "", "who is followed", references="anchors", is_required=True),
        _share("affinity_share", "how much it is liked", "level"),
        Column(
            "place", "whole", "place", "in the buyer's list; else by row", least=0,
            most=_FOLLOWS_COUNT - 1,
        ),
    ),
)  # fmt: skip

_EVENTS = Schema(
    "events",
    "one festival, or one campaign of the rival; the table replaces those of the scenario",
    "",
    (
        Column("name", "text", "", "of the event", is_required=True),
        Column("kind", "word", "", "of event", words=("festival", "campaign"), is_required=True),
        Column("start", "text", "day", "first; 2020-06-12, or 06-12 for every year",
               is_required=True),
        Column("end", "text", "day", "last, as the first", is_required=True),
        Column("traffic", "number", "factor", "visits of a festival", above=0, most=10,
               is_nullable=True),
        Column("attention", "number", "factor", "serious looks at a festival", above=0, most=5,
               is_nullable=True),
        Column("plan", "truth", "", "whether the brand plan may choose the festival",
               is_nullable=True),
        Column("pull", "number", "utility", "of a campaign, added to the outside option",
               least=-5, most=5, is_nullable=True),
    ),
)  # fmt: skip

_SEASON = Schema(
    "season",
    "one day; days that it leaves out have the season of the scenario",
    "date",
    (
        Column("date", "date", "", "day", is_required=True),
        Column("season_factor", "number", "factor", "on serious looks", above=0, most=100,
               is_required=True),
    ),
)  # fmt: skip


@lru_cache(maxsize=16)
def schemas_of(words: Words) -> Mapping[str, Schema]:
    """Return every table by name; `words` are the scenario's vocabulary."""
    buyers = replace(_BUYERS, columns=(*_BUYERS.columns, *_last_purchases(words[1])))
    found = (_ANCHORS, _SUPPLIERS, _GOODS, buyers, _FOLLOWS, _EVENTS, _SEASON)
    return {schema.name: _with_words(schema, words) for schema in found}


def _last_purchases(categories: Sequence[str]) -> Iterator[Column]:
    for category in categories:
        name, doc = LAST.format(category), f"last purchase of {category}"
        yield Column(name, "whole", "days before the first day", doc, least=1, most=_DAYS_BEFORE)


def _with_words(schema: Schema, words: Words) -> Schema:
    """Fill in what the scenario's words are."""
    own = dict(zip((_KIND, _CATEGORY), words, strict=True))
    columns = tuple(
        replace(column, words=own[column.words]) if column.words in own else column
        for column in schema.columns
    )
    return replace(schema, columns=columns)

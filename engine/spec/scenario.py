"""The world a policy meets: who is there, what they want, what happens when.

Field names are the terms of the model; units and meanings stand beside each field,
sources beside each number in `conf/scenario`.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from engine.spec.base import (
    MOST_BN,
    ByCategory,
    ByKind,
    ByTier,
    LogSd,
    MarketSize,
    Open,
    Positive,
    Share,
    Spec,
    Utility,
    quantity,
)
from engine.spec.calendar import Calendar
from engine.spec.kinds import OTHERS, Kind, refuse
from engine.spec.suppliers import SuppliersSpec

CURRENCY: Final = r"^[\p{L}\p{Sc}][\p{L}\p{Sc} ]*$"
"""Words of letters and signs of currencies, as `USD` or `thousand IDR`."""


_Phrase = Annotated[str, Field(min_length=1, max_length=60)]

_Path = tuple[int | str, ...]

_WORD: Final = re.compile("[a-z][a-z0-9_]{0,39}")
"""A part of keys of a config and of columns of tables."""

_MOST_USERS: Final = 8.0
"""Daily users for each who may buy, beyond which sizes hardly go together."""

_MOST_COST: Final = 0.005
"""Share of the goal; in kuaishou_2020 it is 0.0007."""


class _Platform(Spec):
    """The platform before any policy: people, load, take."""

    pool_count: int = quantity("people", "pool that may buy live", ge=1, le=2_000_000_000)

    goal_bn_rmb: float = quantity(
        "bn RMB of GMV as paid",
        "goal of the first day's calendar year; 0 is none",
        ge=0,
        le=MOST_BN,
    )
    app_dau_million: tuple[Positive, ...] = Field(
        min_length=12,
        max_length=60,
        description="by month from January of the first day's year; later months keep the last",
    )
    load_start: float = quantity(
        "index", "commercial load on the scenario's first day", gt=0, le=10
    )
    load_end: float = quantity(
        "index", "commercial load from 31 December of its year on", gt=0, le=10
    )
    load_exponent: float = quantity("power", "visits per load", ge=0, le=2)
    take_share: ByKind
    incubation_cost_rmb: float = quantity(
        "RMB a day per percent of all suppliers",
        "cost of support 1 of platform brands (M2)",
        ge=0,
        le=1e9,
    )
    ad_bid_share: float = quantity("share", "of their margin that sellers bid (M19)", ge=0, le=1)
    ad_burden: float = quantity(
        "share", "of ads that sellers count as a cost of selling (M19); 0 is none", ge=0, le=1
    )
    recruiting_cost_rmb: float = quantity(
        "RMB per percent of all suppliers", "cost of what recruiting brings", ge=0, le=1e11
    )
    recruiting_cost_power: float = quantity(
        "power", "cost of a supplier ~ factor on the hazard of joining^power (M3)", ge=0, le=5
    )

    @model_validator(mode="after")
    def _takes(self) -> Self:
        if max(self.take_share.of(self.take_share.words), default=0) > 0.3:
            raise ValueError("take_share lies above 0.3: nothing would be left to the sellers")
        return self


class _BuyersSpec(Spec):
    """Traits of the pool and how it looks on the first day."""

    tier12_share: Share
    visits_per_day: float = quantity(
        "visits per person and day", "mean at load 1, no habit", gt=0, le=10_000
    )
    activity_log_sd: LogSd
    habit_visits: float = quantity("factor", "visits x (1 + habit_visits * habit)", ge=0, le=100)
    sensitivity_log_sd: LogSd
    sensitivity: ByTier
    brand_taste: ByTier
    monthly_budget_rmb: ByTier
    budget_log_sd: LogSd
    wallet_level: float = quantity("factor", "on monthly_budget_rmb", gt=0, le=20)
    wallet_days: int = quantity(
        "days", "of income that a wallet holds at the most; it fills day by day", ge=1, le=365
    )
    initial_wallet: Share = Field(
        description="least share of a wallet that is full on the first day, 1 the most: evenly"
    )

    follows_count: int = quantity("anchors", "followed on the first day", ge=0, le=8)
    initial_affinity: Share
    initial_trust: Share
    initial_habit: Share
    bought_before_share: Share
    newcomers_share: float = quantity(
        "share", "that arrive evenly on the 365 days after the first", ge=0, lt=1
    )

    @model_validator(mode="after")
    def _budgets(self) -> Self:
        if max(self.monthly_budget_rmb.values()) * self.wallet_level > 20_000:
            raise ValueError(
                "monthly_budget_rmb * wallet_level lies above 20,000, the most that is kept"
            )
        if max(*self.sensitivity.values(), *self.brand_taste.values()) > 20:
            raise ValueError("sensitivity or brand_taste lies above 20: 1 is the mean person")
        return self


class _Users(Spec):
    """What drives people off, one by one, and how slowly they come back (M18)."""

    load_aversion: float = quantity(
        "per squared load",
        "mean fall of ln engagement with the load, see rules/users.py",
        ge=0,
        le=5,
    )
    load_aversion_log_sd: float = quantity("ln", "spread of the aversion over people", ge=0, le=3)
    ad_aversion: float = quantity(
        "factor", "how much more than commerce ads weigh on the feed", ge=0, le=50
    )
    usual_ad_load: Share = Field(description="share of the feed that people expect to be ads")
    leave_days: float = quantity(
        "days", "in which engagement falls towards its level", ge=1, le=36_500
    )
    return_days: float = quantity("days", "in which it rises towards its level", ge=1, le=36_500)
    gone_below: Share = Field(description="engagement below which a person never comes back")
    bad_purchase: Share = Field(description="engagement lost by a returned order")
    usual_returns: Share = Field(
        lt=1, description="share of orders that people expect to send back: it moves nobody"
    )
    nothing_to_buy: Share = Field(
        description="engagement lost where nothing is on show, or what was chosen is sold out"
    )


class _Choice(Spec):
    """The multinomial logit of a serious look (M8) and the memory of discounts (M23)."""

    price: float = quantity(
        "utility per unit of B(x)", "alpha, mean price sensitivity", ge=0, le=50
    )
    price_curvature: float = quantity("power", "lambda of B(x); 0 is ln x, 1 linear", ge=0, le=1)
    outside: float = quantity("utility", "v0 of the outside option", ge=-50, le=50)
    nest: float = quantity(
        "share",
        "dissimilarity of the goods of a look: 1 is the plain logit, near 0 they are copies",
        ge=0.1,
        le=1,
    )
    affinity: Utility
    impulse: Utility
    quality: Utility
    brand: Utility
    habit: float = quantity(
        "utility", "most that habit takes off the outside option (M17)", ge=0, le=10
    )
    memory_weight: Share
    memory_step: Share
    memory_fading: float = quantity("share per day", "fading of the memory", ge=0, lt=1)


class _Attention(Spec):
    """When a session is a serious look (section on attention of the model)."""

    base: float = quantity("probability", "g0", ge=0, le=1)
    private: float = quantity("factor", "on a followed anchor's stream (M9)", gt=0, le=100)
    public: float = quantity("factor", "on a stream of the public feed (M9)", gt=0, le=100)
    fatigue: Share = Field(description="of private attention, lost where liking is gone (M9)")
    need_days: ByCategory
    habit: float = quantity("factor", "serious looks x (1 + this * habit) (M17)", ge=0, le=50)
    crowding: float = quantity("power", "fall of attention with a stream's audience", ge=0, le=2)
    variety: float = quantity(
        "streams",
        "effective number of streams at which a feed keeps half its attention (M20); 0 is no limit",
        ge=0,
        le=1000,
    )


class _Learning(Spec):
    """What a buyer keeps of a session (M17, M9) and forgets."""

    habit_gain: Share
    habit_fading: float = quantity("share per day", "fading of the habit", ge=0, lt=1)
    affinity_gain: Share
    affinity_fading: Share
    affinity_return_loss: Share
    follow_probability: Share
    follow_affinity: Share
    trust_gain: Share
    trust_return_loss: Share


class _Routing(Spec):
    """Private and public traffic (M9), families (M6), released sessions (M7)."""

    public_pull: float = quantity(
        "affinity", "pull of the feed at equal shares", gt=0, le=1_000_000
    )
    family_share: float = quantity("share", "missed visits that families pass on (M6)", ge=0, le=1)
    family_affinity: Share
    release_share: float = quantity("share", "sessions of a gone anchor that stay", ge=0, le=1)
    drain: float = quantity("share", "fall of activity of a gone anchor's fans", ge=0, le=1)


class _ByAnchorTier(Spec):
    """One number per tier of anchors, by rank of fans."""

    head: Share
    waist: Share
    tail: Share

    def values(self) -> tuple[float, ...]:
        """Head, waist, tail."""
        return self.head, self.waist, self.tail


class _AnchorsSpec(Spec):
    """Streamers: fans, families, schedules, bargaining."""

    market_count: int = quantity(
        "anchors",
        "that sell in the market; where fewer rows are simulated, one of the smaller ones stands "
        "for several",
        ge=1,
        le=1_000_000,
    )
    fans_log_mean: float = quantity("ln fans", "of a lognormal", ge=0, le=20)
    fans_log_sd: Annotated[float, Field(ge=0, le=5)]
    engaged_power: float = quantity("power", "engaged fans ~ fans^power", ge=0, le=2)
    head_share: Share
    waist_share: Share
    live_probability: tuple[Share, Share]
    signal_days: float = quantity(
        "days on the air",
        "over which sales are smoothed into a signal (M20); 0 is the mean of all, else 1 or more",
        ge=0,
        le=3650,
    )
    live_response: float = quantity("power", "live hours answer to commission (M12)", ge=0, le=1)
    charisma_sd: LogSd
    families_count: int = quantity("families", "number of families (M6)", ge=0, le=1000)
    family_members_count: int = quantity("anchors", "members of a family", ge=1, le=64)
    family_ranks_count: int = quantity(
        "anchors", "the largest, of whom families are made (M6)", ge=1, le=1_000_000
    )
    own_supply_share: _ByAnchorTier
    newcomers_share: float = quantity(
        "share", "that begin evenly on the 365 days after the first", ge=0, lt=1
    )
    newcomer_fans_count: float = quantity(
        "people", "fans with which a newcomer begins", ge=0, le=1e9
    )
    newcomer_signal: float = quantity(
        "share of the mean signal", "with which the feed introduces a newcomer (M20)", ge=0, le=1
    )
    bargaining: float = quantity("factor", "commission asked by the strongest (M6)", ge=0, le=3)
    head_discount: float = quantity("share", "price cut of the strongest (M6)", ge=0, lt=1)
    main_category_share: Share
    category_share: ByCategory

    category_spread: float = quantity("utility", "of the taste shock in selection", ge=0, le=50)

    @model_validator(mode="after")
    def _signals(self) -> Self:
        if 0 < self.signal_days < 1:
            raise ValueError("signal_days lies between 0 and 1; take 0 (the mean of all) or more")
        return self

    @model_validator(mode="after")
    def _categories(self) -> Self:
        if sum(self.category_share.of(self.category_share.words)) <= 0:
            raise ValueError("category_share is 0 for every category; make one positive")
        return self


class _Returns(Spec):
    """P(return) = base * exp(-slope * (quality - pivot)) * category factor."""

    base: Share
    slope: Annotated[float, Field(ge=0, le=20)]
    pivot: Share
    category: ByCategory


class _Rival(Spec):
    """The other platforms (M22)."""

    pull: float = quantity("utility", "added to the outside option all year", ge=-10, le=10)
    reaction: float = quantity("utility per share", "answer to our coupons per GMV", ge=0, le=50)
    reaction_days: float = quantity("days", "delay of the answer", ge=0.01, le=3650)


class Shocks(Spec):
    """Aggregate demand that nobody controls: `engine.rules.shocks` says how it moves."""

    week_sd: float = quantity("ln factor", "of serious looks, by weekly knots", ge=0, le=1)
    week_persistence: float = quantity("correlation", "of a week with the next", ge=0, lt=1)
    month_sd: float = quantity("ln factor", "of serious looks, by monthly knots", ge=0, le=1)
    month_persistence: float = quantity("correlation", "of a month with the next", ge=0, lt=1)


class Mechanisms(Spec):
    """Switches of the mechanisms M1-M23; `engine.spec.mechanisms` says what each turns off."""

    m01_source_goods: bool = True
    m02_platform_brands: bool = True
    m03_adoption: bool = True
    m04_retail_partner: bool = True
    m05_library: bool = True
    m06_families: bool = True
    m07_exits: bool = True
    m08_liking: bool = True
    m09_private_domain: bool = True
    m10_brand_accounts: bool = True
    m11_closed_loop: bool = True
    m12_brand_plan: bool = True
    m13_festivals: bool = True
    m14_target: bool = True
    m15_beliefs: bool = True
    m16_city_tiers: bool = True
    m17_habits: bool = True
    m18_activity: bool = True
    m19_ads: bool = True
    m20_inclusive_feed: bool = True
    m21_investment: bool = True
    m22_rivals: bool = True
    m23_memory: bool = True


class Scenario(Spec):
    """A world: everything that is not the platform's choice."""

    name: str
    currency: str = Field(
        "RMB",
        max_length=20,
        pattern=CURRENCY,
        description="in which amounts are shown; a hundredth of it is the unit of every _fen",
    )
    words: dict[_Phrase, _Phrase] = Field(
        default_factory=dict,
        max_length=100,
        description="what tables and pages say in place of this package's words, as anchor: shop",
    )
    size: MarketSize = MarketSize()
    kinds: tuple[Kind, ...] = Field(
        min_length=1, max_length=20, description="of supplier; their order is that of all arrays"
    )
    categories: tuple[str, ...] = Field(
        min_length=1, max_length=40, description="of goods; their order is that of all arrays"
    )
    calendar: Calendar
    platform: _Platform
    buyers: _BuyersSpec
    users: _Users
    choice: _Choice
    attention: _Attention
    learning: _Learning
    routing: _Routing
    anchors: _AnchorsSpec
    suppliers: SuppliersSpec
    returns: _Returns
    rival: _Rival
    shocks: Shocks
    mechanisms: Mechanisms = Mechanisms()

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        """Refuse groups and guests whose words are not those of `kinds` and `categories`."""
        refuse(self._badly_declared())
        refuse([*self._wrong_groups(), *self._wrong_guests()])
        total = sum(kind.count_share for kind in self.suppliers.kinds(self.kind_names))
        if abs(total - 1) > 1e-6:
            told = f"count_share of all kinds must add up to 1, got {total:g}"
            refuse([(("suppliers",), told)])
        return self

    @property
    def vocabulary(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words that parts of keys and of columns are: kinds and categories."""
        return self.kind_names, self.categories

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The names of the kinds of supplier."""
        return tuple(kind.name for kind in self.kinds)

    def kinds_that(self, role: str) -> tuple[bool, ...]:
        """Whether each kind has a role, as `is_brand`, in the order of `kinds`."""
        return tuple(getattr(kind, role) for kind in self.kinds)

    def _badly_declared(self) -> Iterator[tuple[_Path, str]]:
        kept = {OTHERS, *SuppliersSpec.model_fields, *dir(SuppliersSpec), *dir(ByKind)}
        for key, words in zip(("kinds", "categories"), self.vocabulary, strict=True):
            for word in dict.fromkeys(words):
                told = f"{key} has {word!r}"
                if not _WORD.fullmatch(word):
                    allowed = "a to z, digits and _, a letter first, at most 40 of them"
                    yield (), f"{told}; {allowed}; rename it in {{where}}.{key}"
                if words.count(word) > 1:
                    yield (), f"{told} twice; each word once; leave one out of {{where}}.{key}"
                if word in kept:
                    told += ", a name that this package keeps"
                    yield (), f"{told}; another word; rename it in {{where}}.{key}"

    def _wrong_groups(self) -> Iterator[tuple[_Path, str]]:
        kinds, categories = self.vocabulary
        for above, spec in self:
            inside = spec if isinstance(spec, Spec) else ()
            groups = [((above,), spec), *(((above, name), group) for name, group in inside)]
            for path, group in groups:
                if isinstance(group, ByCategory):
                    yield path, group.misfit(categories, "categories")
                elif isinstance(group, Open):
                    yield path, group.misfit(kinds, "kinds")

    def _wrong_guests(self) -> Iterator[tuple[_Path, str]]:
        for number, guest in enumerate(self.calendar.trial_streams):
            own = {"kind": guest.kind, "category": guest.category}
            for (key, word), words in zip(own.items(), self.vocabulary, strict=True):
                if word not in words:
                    path = ("calendar", "trial_streams", number)
                    yield path, f"{key}={word} is none of the scenario's; {', '.join(words)}"

    def size_notes(self) -> Iterator[str]:
        """Say which sizes do not go together, as where only a part of a copy was changed."""
        platform = self.platform
        users, pool = 1e6 * max(platform.app_dau_million), platform.pool_count
        if users > _MOST_USERS * pool:
            yield (
                f"{users:,.0f} people use the app on a day and {pool:,} may buy: is "
                "scenario.platform.app_dau_million of this market? experiments.init sets all sizes"
            )
        cost, goal = platform.recruiting_cost_rmb, 1e9 * platform.goal_bn_rmb
        if goal and cost > _MOST_COST * goal:
            yield (
                f"recruiting a percent of the suppliers costs {100 * cost / goal:.1g} % of the "
                "year's goal: is scenario.platform.recruiting_cost_rmb of this market? "
                "experiments.init sets all sizes"
            )

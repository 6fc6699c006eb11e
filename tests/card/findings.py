"""What was measured on the first edition's world, and the same measured now: a row each."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np

from engine.calibrate import read_figures, read_seasons, with_yardsticks
from engine.calibrate.probe import _uplift_reading, probe_branches
from engine.calibrate.run_reader import RunReader, spans
from engine.case import Case, RunResult
from engine.measures.run_off import CONTRIBUTION, with_run_off
from engine.spec.policy import Policy
from engine.stats.intervals import ratio_interval
from tests.card.worlds import places_in_ranges
from tests.card.years import BN, calibration, changed, column, told, years
from tests.closed_forms.test_repricing import exact, prices
from tests.kinds import KINDS, ROLES
from tests.market.months import by_month, conversions, first_days_over_last
from tests.worlds import CONF, job

POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion")
BASE, NOTHING = "policy=h1_2020", "policy=laissez_faire"
FREE = ("load × 1.5", "library wide open", "loop closed")
YEAR = date(2020, 1, 1)
COUPON_DATES = (date(2020, 1, 15), date(2020, 5, 15), date(2020, 8, 15))
WINDOWS = {
    "January and February": (date(2020, 1, 1), date(2020, 3, 1)),
    "April to June": (date(2020, 4, 1), date(2020, 7, 1)),
    "July to December": (date(2020, 7, 1), None),
    "the last quarter": (date(2020, 10, 1), None),
}


class Finding(NamedTuple):
    """What was found, its numbers on the first edition, and those of today."""

    finding: str
    before: str
    now: str


def findings() -> Iterator[Finding]:
    """Measure row after row; some minutes."""
    yield Finding(
        "How the market answers to a price cut of everything drifts over the year",
        "elasticity −2.0 in January, −1.1 in May, −.98 in August, −.91 in November",
        _elasticities(),
    )
    yield Finding(
        "Habit saturates choice: so many looks end in a purchase that a coupon finds nobody left",
        ".22 to .62 of serious looks buy; a RMB of coupons returns .29 as paid",
        _conversion(),
    )
    yield Finding(
        "When it is given decides what a coupon returns",
        "4 bn return, as paid, +2.14 in January and February, +.57 from April to June, .01 from"
        " July on, −.11 in the last quarter; over two years .92 for those of the year, +.31 for"
        " those of the last quarter",
        _timing(),
    )
    yield Finding(
        "Levers are free",
        "load × 1.5: +105 bn of sales and +1 bn of contribution; × 5: 922 bn; library wide open +12"
        " bn, loop closed +18 bn, both with more contribution; a search without coupons reaches 494"
        " bn and earns more than doing nothing",
        _free_levers(),
    )
    yield Finding(
        "Levers do nothing",
        "floor, festival boost, family cap, partner share, platform-brand support, price cap"
        " from .8 to 1: at most .15 ± .3 bn",
        _idle_levers(),
    )
    yield Finding(
        "The brand plan's value is that of one population",
        "without it: 0 in the shipped one, −8.3 bn over eight (−18.3 to +.4); populations spread"
        " sales by 10 bn, other noise by 3 to 4",
        _brand_plan(),
    )
    yield Finding(
        "Sales jump on the first of a month",
        "first five days over the last five before: × 1.5 to × 2.8; budgets, which were not fitted,"
        " move the year by 38 % when tripled",
        _saw_tooth(),
    )
    yield Finding(
        "A straight line forecasts better",
        "third quarter, observed 94.5 bn: line 98.9, model 110.7",
        _third_quarter(),
    )
    yield Finding(
        "Concentration is a matter of scale",
        "May's top 10: 24, 10, 4.6 % at smoke, laptop, full; top 100: 86, 43, 18 %",
        _concentration(),
    )
    yield Finding(
        "Brands run away",
        "34 % of sales in January, 69 % in December",
        _brands(),
    )
    yield Finding(
        "Growth is imposed",
        "with habit and load as in January 90 of 350 bn are left",
        _imposed(),
    )
    yield Finding(
        "Ranges bind",
        "`returns.base` in all eight plausible worlds and `habit_gain` in seven lie in the upper"
        " sixth of their range",
        _ranges(),
    )
    yield Finding(
        "Prices go round",
        "at a re-pricing speed of .5: 71.5 and 84.3 RMB in turn where 77.45 is right",
        _repricing(),
    )


def _elasticities() -> str:
    months = np.mean([run.monthly["market_elasticity"] for run in years(BASE)], axis=0)
    named = {"January": 0, "May": 4, "August": 7, "November": 10}
    return "elasticity " + ", ".join(f"{months[m]:.2f} in {name}" for name, m in named.items())


def _conversion() -> str:
    shares = [conversions(run) for policy in POLICIES for run in years(f"policy={policy}")]
    low, high = np.min(shares), np.max(shares)
    return (
        f"{low:.2f} to {high:.2f}; a coupon of 10 % on everything returns, as paid, "
        f"{_returned('gmv_paid_fen')}; at list prices {_returned('gmv_fen')}"
    )


def _returned(sales: str) -> str:
    """RMB per RMB of coupon at the dates of the experiments."""
    asked = calibration()
    runs = changed(lambda case: replace(case, branches=probe_branches(case, asked.probes)), BASE)
    readers = [RunReader(asked.scenario, run, asked.probes) for run in runs]
    read = _uplift_reading(sales, after=False)
    return ", ".join(
        f"{np.mean([read(one, spans(day.isoformat())) for one in readers]):.2f} in {day:%B}"
        for day in COUPON_DATES
    )


def _timing() -> str:
    within = "; ".join(
        f"{_per_rmb(first, last)} in {name}" for name, (first, last) in WINDOWS.items()
    )
    last_quarter, _ = WINDOWS["the last quarter"]
    later = _per_rmb(YEAR, None, run_off_days=365), _per_rmb(last_quarter, None, run_off_days=365)
    return (
        f"{within}; over the year and 365 days after it {later[0]} for those of the year,"
        f" {later[1]} for those of the last quarter"
    )


def _per_rmb(first: date, last: date | None, run_off_days: int = 0) -> str:
    """Sales as paid per RMB of the coupons of a span, with the 95 % interval."""

    def asked(bn_rmb: float) -> list[RunResult]:
        return changed(
            lambda case: replace(
                _coupons_between(case, first, last, bn_rmb),
                after=_coupons_between(case, first, last, 0.0).policy if run_off_days else None,
                run_off_days=run_off_days,
            )
        )

    without, with_it = asked(0.0), asked(4.0)
    gain = _sold(with_it) - _sold(without)
    found = ratio_interval(gain, column(with_it, "subsidy_fen"))
    return f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def _sold(runs: list[RunResult]) -> np.ndarray:
    """GMV as paid, of the year and of what was simulated after it."""
    return np.array([run.run["gmv_paid_fen"] + run.run_off.get("gmv_paid_fen", 0) for run in runs])


def _coupons_between(case: Case, first: date, last: date | None, bn_rmb: float) -> Case:
    """The case of h1_2020 with 10 % on everything between two dates, for a purse."""
    path = {YEAR: 0.0, first: 0.1} | ({last: 0.0} if last else {})
    policy = job(BASE).policy
    subsidy = policy.subsidy
    bare = {
        "budget_bn_rmb": bn_rmb,
        "rate": dict.fromkeys(KINDS, path),
        "cap_rmb": 1000.0,
        "new_buyer_rate": 0.0,
        "tier_factor": subsidy.tier_factor.model_dump(),
        "festival_boost": 1.0,
        "partner_share": 0.0,
        "partner_budget_bn_rmb": 0.0,
    }
    changes = {"subsidy": type(subsidy).model_validate(bare)}
    return replace(case, policy=Policy.model_copy(policy, update=changes))


def _free_levers() -> str:
    levers = {
        "load × 1.5": "policy.traffic.commercial_load=1.5",
        "× 5": "policy.traffic.commercial_load=5",
        "library wide open": "policy.supply.library_open={head:1,waist:1,tail:1}",
        "loop closed": "policy.supply.closed_loop=1",
        "ads × 2": "policy.traffic.ad_load=0.1",
    }
    said = [f"{name}: {_brought(BASE, word)}" for name, word in levers.items()]
    together = [levers[name] for name in FREE]
    said.append(f"the first, third and fourth without coupons: {_brought(NOTHING, *together)}")
    return "; ".join(said) + " of contribution over the year and 365 days after it"


def _brought(policy: str, *words: str) -> str:
    """What words added to a policy bring, in GMV of the year and contribution with run-off."""
    base, moved = years(policy, run_off=True), years(policy, *words, run_off=True)
    sales = column(moved, "gmv_paid_fen") - column(base, "gmv_paid_fen")
    kept = _contribution(moved) - _contribution(base)
    return f"{told(sales / BN)} bn of sales, {told(kept / BN, 2)} bn"


def _contribution(runs: list[RunResult]) -> np.ndarray:
    return np.array([with_run_off(run.run, run.run_off)[CONTRIBUTION] for run in runs])


def _idle_levers() -> str:
    levers = {
        "floor .5": ("policy.traffic.floor=0.5", None),
        "festival boost 1 to 3": ("policy.subsidy.festival_boost=3", "subsidy.festival_boost=1"),
        "family cap .2": ("policy.traffic.family_cap=0.2", None),
        "partner share 0 to 1": ("policy.subsidy.partner_share=1", "subsidy.partner_share=0"),
        "platform-brand support 0 to 2": (
            "policy.supply.platform_brand_support=2",
            "supply.platform_brand_support=0",
        ),
        "cap .8 to 1": ("policy.price.cap=1", "price.cap=0.8"),
    }
    said = []
    for name, (high, low) in levers.items():
        base = years(BASE) if low is None else years(BASE, f"policy.{low}")
        moved = years(BASE, high)
        change = column(moved, "gmv_paid_fen") - column(base, "gmv_paid_fen")
        top = column(moved, "top10_share") - column(base, "top10_share")
        said.append(f"{name}: {told(change / BN)} bn, top-10 share {told(100 * top, 2)} points")
    return "; ".join(said)


def _brand_plan() -> str:
    base = years(BASE)
    change = column(years(BASE, "policy.price.plan_festivals_count=0"), "gmv_paid_fen")
    change = (change - column(base, "gmv_paid_fen")) / BN
    one = years(BASE, "populations_count=1")
    spreads = [np.std(column(runs, "gmv_paid_fen"), ddof=1) / BN for runs in (base, one)]
    return (
        f"without it: {told(change)} bn over eight ({change.min():+.1f} to {change.max():+.1f});"
        f" s.d. of sales {spreads[0]:.0f} bn over populations and seeds, {spreads[1]:.0f} over"
        " seeds in one population"
    )


def _saw_tooth() -> str:
    said = []
    for policy in POLICIES:
        ratios = first_days_over_last(years(f"policy={policy}"), job(BASE).scenario.calendar)
        said.append(f"{policy} × {min(ratios.values()):.2f} to × {max(ratios.values()):.2f}")
    level = 3 * job(BASE).scenario.buyers.wallet_level
    rich = column(years(BASE, f"scenario.buyers.wallet_level={level}"), "gmv_paid_fen")
    more = 100 * (rich / column(years(BASE), "gmv_paid_fen") - 1)
    return f"{', '.join(said)}; wallets, which are fitted, tripled: {told(more)} %"


def _third_quarter() -> str:
    asked = calibration()
    figures = read_figures(str(CONF / "observed" / "kuaishou_2020.csv"), asked.fit.tolerance)
    rows = [
        {
            "key": figure.key,
            "period": figure.period,
            "role": figure.role,
            "observed": figure.value,
            "simulated": figure.value,
        }
        for figure in figures
        if figure.key == "gmv"
    ]
    seasons = read_seasons(str(CONF / "observed" / "seasonality_2019.csv"))
    (third,) = [row for row in with_yardsticks(rows, seasons) if row["period"] == "Q3 2020"]
    days = slice(182, 274)
    sold = [run.daily["gmv_fen"][days].sum() / BN for run in years(BASE)]
    return (
        f"observed {third['observed']:g} bn: line {third['by_line']:.1f}, as last quarter"
        f" {third['as_last']:.1f}, model {told(sold, sign='')}"
    )


def _concentration() -> str:
    until_may = (BASE, "scenario.calendar.end=2020-05-31")
    shares: Mapping[str, list[RunResult]] = {
        scale: years(*until_may, f"scale={scale}", populations=4)
        for scale in ("smoke", "laptop", "full")
    }
    said = []
    for count in (10, 100):
        column_name = f"top{count}_share"
        found = [
            100 * np.mean([run.monthly[column_name][4] for run in runs]) for runs in shares.values()
        ]
        said.append(f"top {count}: " + ", ".join(f"{share:.1f}" for share in found) + " %")
    return "; ".join(said) + " in four populations"


def _brands() -> str:
    kinds = sum(by_month(run.segments["gmv_fen"].sum(axis=(2, 3, 4))) for run in years(BASE))
    shares = 100 * kinds[:, [kind.is_brand for kind in ROLES]].sum(axis=1) / kinds.sum(axis=1)
    return f"{shares[0]:.0f} % in January, {shares[11]:.0f} % in December"


def _imposed() -> str:
    start = job(BASE).scenario.platform.load_start
    frozen = years(
        BASE,
        f"scenario.platform.load_end={start}",
        "scenario.learning.habit_gain=0",
        "scenario.learning.habit_fading=0",
    )
    left, whole = (column(runs, "gmv_paid_fen").mean() / BN for runs in (frozen, years(BASE)))
    return f"{left:.0f} of {whole:.0f} bn"


def _ranges() -> str:
    names, cube = places_in_ranges()
    outer = {"upper": (cube > 5 / 6).sum(axis=0), "lower": (cube < 1 / 6).sum(axis=0)}
    bound = [
        f"`{name}` ({end}, {counts[place]} of {len(cube)})"
        for place, name in enumerate(names)
        for end, counts in outer.items()
        if counts[place] > len(cube) / 2
    ]
    said = ", ".join(bound) or "none"
    return f"{said}, of {len(names)} unknowns, in more than half of the worlds"


def _repricing() -> str:
    path, right = prices(0.5, 1), exact(1, lambda price: price)
    return f"{path[-2] / 100:.2f} and {path[-1] / 100:.2f} RMB where {right / 100:.2f} is right"

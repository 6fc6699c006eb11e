"""Where a policy's coupons went, and what they brought there against another policy's."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from engine.decision.amounts import bn, finer
from engine.report.charts.grammar import (
    BLUE,
    GREEN,
    GREY,
    INK,
    RED,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.charts.over_time import decision_day
from engine.report.formatting import percent, scaled, signed
from engine.report.read.results_model import StudyResults
from engine.report.read.weighing import weighed
from engine.results.schemas import Row
from engine.units import SEGMENTS

_TIERS: Final = {"tier12": "cities of tiers 1 and 2", "tier3": "tier 3 and below"}
_DOMAINS: Final = {"private": "from followed anchors", "public": "from the public feed"}
_BUYERS: Final = {"new": "new buyers", "known": "known buyers"}

_PLACE_NOTE: Final = "Mean of the simulated runs."
_BUYER_NOTE: Final = (
    "A buyer is new with the first order ever, and known with every later one: what a new buyer’s "
    "coupon brings beyond its own order stands with known buyers."
)

_PARTS: Final = ("own, kept by buyers", "own, back with returns", "the partner’s")

_SERIES: Final = ("coupons, less what came back", "GMV as paid")

SPENT_HEADS: Final = (
    ("Goods", ""),
    ("Cities", ""),
    ("Sold", ""),
    ("Buyers", ""),
    ("Coupons", "bn RMB"),
    ("Refunded", "bn RMB"),
    ("GMV as paid", "bn RMB"),
)
BROUGHT_HEADS: Final = (*SPENT_HEADS, ("Coupons more", "bn RMB"), ("GMV more", "bn RMB"))
"""Heads of the table of cells of one policy, and against another, with their units."""

CELLS_TITLE: Final = "Coupons and sales by goods, city tier, traffic domain and buyer"


class _Spending(NamedTuple):
    """What is said of the coupons of one policy: its name in pictures, pictures, a table's rows."""

    called: str
    pictures: list[Picture | None]
    cells: list[tuple[str, ...]]


def option_spending(
    study: StudyResults, shown: Mapping[str, str], base: str, called_base: str
) -> _Spending:
    """Return where coupons went, of the first that gives any: the first option, base, the others.

    What they brought against the base is told of the first option that is another.

    Parameters
    ----------
    study : whose search it is.
    shown : what options are called in pictures, by policy, those to be preferred first.
    base, called_base : the policy that they are compared with, and what it is called.
    """
    funding = _funding_picture(study, shown)
    others = [policy for policy in shown if policy != base]
    first = _spending_policy(study, dict.fromkeys([*list(shown)[:1], base, *others]))
    if first is None:
        return _Spending("", [funding], [])
    called = shown.get(first, called_base)
    other = others[0] if others else first
    brought = _brought_pictures(study, other, shown.get(other, called), base, called_base)
    segments = _segment_pictures(study, first, called)
    rows = _brought_rows(study, first, base)
    return _Spending(called, [funding, *brought, *segments], rows)


def run_spending(study: StudyResults, names: Mapping[str, str]) -> _Spending:
    """Return what the coupons of some policies were, and where those of the first went."""
    first = next(iter(names), "")
    pictures = [_funding_picture(study, names), *_segment_pictures(study, first)]
    rows = _brought_rows(study, first, first) if len(pictures) > 1 else []
    return _Spending(names.get(first, ""), pictures, [row[: len(SPENT_HEADS)] for row in rows])


def _spending_policy(study: StudyResults, policies: Iterable[str]) -> str | None:
    """Return the first of the policies that gives coupons; None where none does.

    Those count that it gives from the decision on, if any policy gives some then.
    """
    spent = {row["policy"] for row in study.segments if _coupons(row) > 0}
    decided = decision_day(study)
    if decided is not None and study.daily is not None:
        spent &= _giving_from(study.daily, decided) or spent
    return next((name for name in policies if name in spent), None)


def _giving_from(daily: pa.Table, decided: date) -> set[str]:
    """Return the policies with coupons of their own or the partner's from a day on."""
    later = daily.filter(pc.greater_equal(daily["date"], pa.scalar(decided)))
    amounts = {"subsidy_fen", "partner_subsidy_fen"} & set(daily.column_names)
    return {
        policy
        for name in sorted(amounts)
        for policy in later.filter(pc.greater(later[name], 0))["policy"].unique().to_pylist()
    }


def _segment_pictures(study: StudyResults, policy: str, called: str = "") -> list[Picture]:
    """Draw where a policy's coupons went: by kind, tier, domain, buyer; none without segments."""
    rows = [row for row in study.segments if row["policy"] == policy]
    spent = sum(map(_coupons, rows))
    if not rows or spent <= 0:
        return []
    under = f" under “{called}”" if called else ""
    by_tier, tier, tier_share = _by_place(study, rows, "tier", _TIERS)
    by_domain, domain, domain_share = _by_place(study, rows, "domain", _DOMAINS)
    by_buyer, buyer, buyer_share = _by_place(study, rows, "buyer", _BUYERS)
    places = [
        picture(
            by_tier,
            f"{percent(tier_share)} of {bn(spent, study.target_fen)} bn RMB of coupons went to "
            f"buyers in {tier}{under}",
            _PLACE_NOTE,
        ),
        picture(
            by_domain,
            f"{percent(domain_share)} of the coupons were spent on sales {domain}{under}",
            _PLACE_NOTE,
        ),
        picture(
            by_buyer,
            f"{percent(buyer_share)} of the coupons went to {buyer}{under}",
            f"{_PLACE_NOTE} {_BUYER_NOTE}",
        ),
    ]
    return [*places, _shares(rows, study.goods)] if "gmv_paid_fen" in rows[0] else places


def _coupons(row: Row) -> float:
    """Return coupons of the platform and the partner."""
    return float(row.get("subsidy_fen", 0.0) + row.get("partner_subsidy_fen", 0.0))


def _by_place(
    study: StudyResults, rows: Sequence[Row], key: str, words: Mapping[str, str]
) -> tuple[Any, str, float]:
    """Draw coupons by kind, split by what `key` tells; name the part with most, and its share."""
    import altair as alt

    kinds = _named(dict.fromkeys(row["kind"] for row in rows), study.goods)
    parts = _named(dict.fromkeys(row[key] for row in rows), words)
    values = []
    for kind, called in kinds.items():
        for part, said in parts.items():
            own = [row for row in rows if row["kind"] == kind and row[key] == part]
            amount = sum(map(_coupons, own))
            back = sum(row.get("refunded_subsidy_fen", 0.0) for row in own)
            given, returned = (bn(one, study.target_fen) for one in (amount, back))
            values.append(
                {
                    "name": wrapped(called),
                    "series": said,
                    "value": scaled("subsidy_fen", amount),
                    "tip": f"{called}, {said}: {given} bn RMB, {returned} of it refunded",
                }
            )
    names = list(kinds.values())
    chart = (
        alt.Chart(data(values))
        .mark_bar(height=16)
        .encode(
            x=alt.X("value:Q", title="Coupons in the run, own and the partner’s, bn RMB"),
            y=name_axis(names),
            color=alt.Color("series:N", title=None, scale=colours(list(parts.values()))),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    by_part = {
        said: sum(_coupons(row) for row in rows if row[key] == part) for part, said in parts.items()
    }
    top = max(by_part, key=by_part.__getitem__)
    share = by_part[top] / sum(by_part.values())
    return chart.properties(height=rows_height(names)), top, share


def _named(keys: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    return {key: words.get(key, key.replace("_", " ")) for key in keys}


def _shares(rows: Sequence[Row], goods: Mapping[str, str]) -> Picture:
    """Draw each kind's share of coupons beside its share of sales."""
    import altair as alt

    kinds = _named(dict.fromkeys(row["kind"] for row in rows), goods)
    spent, sold = sum(map(_coupons, rows)), sum(row["gmv_paid_fen"] for row in rows)
    order = ["share of coupons", "share of GMV as paid"]
    values: list[dict[str, Any]] = []
    gaps = {}
    for kind, called in kinds.items():
        own = [row for row in rows if row["kind"] == kind]
        coupons, sales = sum(map(_coupons, own)) / spent, sum(r["gmv_paid_fen"] for r in own) / sold
        gaps[called] = coupons - sales
        for series, share in zip(order, (coupons, sales), strict=True):
            values.append(
                {
                    "name": wrapped(called),
                    "series": series,
                    "value": 100 * share,
                    "tip": f"{called}: {percent(share)}, {series}",
                }
            )
    base = alt.Chart(data(values)).encode(y=name_axis(list(kinds.values())))
    marks = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("value:Q", title="Share, %"),
        color=alt.Color("series:N", title=None, scale=alt.Scale(domain=order, range=[RED, BLUE])),
        shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=order)),
        tooltip=alt.Tooltip("tip:N"),
    )
    links = base.mark_line(color=GREY).encode(x="value:Q", detail="name:N")
    most = max(gaps, key=gaps.__getitem__)
    return picture(
        alt.layer(links, marks).properties(height=rows_height(list(kinds.values()))),
        f"Favoured most are {most}: {100 * gaps[most]:.0f} points more of "
        "the coupons than of the sales",
        "Share of own and the partner’s coupons, and of GMV as paid, by kind of goods.",
    )


def _funding_picture(study: StudyResults, policies: Mapping[str, str]) -> Picture | None:
    """Draw what each policy's coupons were: own and kept, own and returned, the partner's."""
    import altair as alt

    values, kept = [], {}
    for policy, called in policies.items():
        found = [
            weighed(study, policy, name, None)
            for name in ("subsidy_fen", "refunded_subsidy_fen", "partner_subsidy_fen")
        ]
        if any(one is None for one in found):
            continue
        own, back, other = (one.value if one else 0.0 for one in found)
        kept[policy] = (own, back)
        for part, amount in zip(_PARTS, (own - back, back, other), strict=True):
            values.append(
                {
                    "name": wrapped(called),
                    "series": part,
                    "value": scaled("subsidy_fen", amount),
                    "policy": policy,
                    "tip": f"{called}: {bn(amount, study.target_fen)} bn RMB {part}",
                }
            )
    if not any(value["value"] for value in values):
        return None
    scale = alt.Scale(domain=list(_PARTS), range=[BLUE, "#8FB8DE", GREEN])
    names = [policies[policy] for policy in kept]
    chart = (
        alt.Chart(data(values))
        .mark_bar(height=16, cursor="pointer")
        .encode(
            x=alt.X("value:Q", title="Coupons of all days, bn RMB"),
            y=name_axis(names),
            color=alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(columns=1)),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    policy, (own, back) = max(kept.items(), key=lambda item: item[1][0])
    return picture(
        chart.properties(height=rows_height(names)),
        f"Of {bn(own, study.target_fen)} bn RMB of own coupons under “{policies[policy]}”, "
        f"{percent(back / own)} come back with returned goods"
        if own > 0
        else "No policy here spends coupons of the platform’s own",
        "All days, those before the decision included; mean over worlds, weighted."
        if study.setting("decision_date")
        else _PLACE_NOTE,
    )


class _SegmentCell(NamedTuple):
    """Amounts of one segment, fen: as they are, and against the base's."""

    kind: str
    tier: str
    domain: str
    buyer: str
    coupons: float
    refunded: float
    paid: float
    more_coupons: float
    more_paid: float


def _brought_pictures(
    study: StudyResults, policy: str, called: str, base: str, called_base: str
) -> list[Picture]:
    """Draw what was given more than under the base, and sold more: by kind of goods, by buyer."""
    cells = _cells(study, policy, base)
    by_kind = _changes(cells, "kind", study.goods)
    if not any(given for given, _ in by_kind.values()):
        return []
    by_buyer = _changes(cells, "buyer", _BUYERS)
    new, known = (
        [_bn_change(change, study.target_fen) for change in by_buyer[one]]
        for one in _BUYERS.values()
    )
    return [
        picture(
            _brought_chart(by_kind, called_base, study.target_fen),
            _finding(by_kind, called, called_base, study.target_fen),
            "Mean over worlds under the same seeds. Kept coupons do not come back with "
            "returned goods. What one kind of goods gains another may lose: "
            "only the sum over kinds is what the coupons brought.",
        ),
        picture(
            _brought_chart(by_buyer, called_base, study.target_fen),
            f"Against {called_base}, “{called}” gives new buyers {new[0]} bn RMB in "
            f"kept coupons and sells them {new[1]}; known buyers get "
            f"{known[0]} and buy {known[1]}",
            f"Mean over worlds under the same seeds. {_BUYER_NOTE}",
        ),
    ]


def _changes(
    cells: Sequence[_SegmentCell], key: str, words: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Return coupons and sales more than the base's, fen, by what the parts of `key` are called."""
    parts = _named(dict.fromkeys(getattr(one, key) for one in cells), words)
    return {
        called: (
            sum(one.more_coupons for one in cells if getattr(one, key) == part),
            sum(one.more_paid for one in cells if getattr(one, key) == part),
        )
        for part, called in parts.items()
    }


def _bn_change(fen: float, market_fen: float) -> str:
    return signed(scaled("gmv_paid_fen", fen), 2 + finer(market_fen), plus=True)


def _brought_chart(
    changes: Mapping[str, tuple[float, float]], called_base: str, market_fen: float
) -> Any:
    """Draw coupons and sales more than the base's, two bars a row."""
    import altair as alt

    values: list[dict[str, Any]] = []
    for name, own in changes.items():
        for series, change in zip(_SERIES, own, strict=True):
            values.append(
                {
                    "name": wrapped(name),
                    "series": series,
                    "value": scaled("gmv_paid_fen", change),
                    "tip": f"{name}: {_bn_change(change, market_fen)} bn RMB, {series}",
                }
            )
    names = list(changes)
    scale = alt.Scale(domain=list(_SERIES), range=[RED, BLUE])
    bars = (
        alt.Chart(data(values))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", title=f"Against {called_base}, bn RMB"),
            y=name_axis(names),
            yOffset=alt.YOffset("series:N", sort=list(_SERIES)),
            color=alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(columns=1)),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
    return alt.layer(bars, zero).properties(height=rows_height(names, 3))


def _brought_rows(study: StudyResults, policy: str, base: str) -> list[tuple[str, ...]]:
    """Return a line for every cell with coupons or sales, in the order of `BROUGHT_HEADS`."""
    market = study.target_fen
    return [
        (
            study.goods.get(one.kind, one.kind.replace("_", " ")),
            _TIERS.get(one.tier, one.tier),
            _DOMAINS.get(one.domain, one.domain),
            _BUYERS.get(one.buyer, one.buyer),
            *(bn(amount, market) for amount in (one.coupons, one.refunded, one.paid)),
            *(_bn_change(change, market) for change in (one.more_coupons, one.more_paid)),
        )
        for one in _cells(study, policy, base)
        if one.coupons or one.paid
    ]


def _cells(study: StudyResults, policy: str, base: str) -> list[_SegmentCell]:
    """Return the cells of a policy; none unless the base has the same, and sales are known."""

    def of(name: str) -> Mapping[tuple[str, ...], Row]:
        rows = (row for row in study.segments if row["policy"] == name)
        return {tuple(row[key] for key in SEGMENTS): row for row in rows}

    own, other = of(policy), of(base)
    if not own or own.keys() != other.keys() or "gmv_paid_fen" not in next(iter(own.values())):
        return []
    return [
        _SegmentCell(
            **dict(zip(SEGMENTS, place, strict=True)),
            coupons=_coupons(row),
            refunded=row.get("refunded_subsidy_fen", 0.0),
            paid=row["gmv_paid_fen"],
            more_coupons=_kept(row) - _kept(other[place]),
            more_paid=row["gmv_paid_fen"] - other[place]["gmv_paid_fen"],
        )
        for place, row in own.items()
    ]


def _kept(row: Row) -> float:
    """Return coupons less the platform's own that came back with returned goods."""
    return _coupons(row) - float(row.get("refunded_subsidy_fen", 0.0))


def _finding(
    by_kind: Mapping[str, tuple[float, float]], called: str, called_base: str, market_fen: float
) -> str:
    """Say what all coupons brought, and on which goods they changed most."""
    given, sold = (sum(own[k] for own in by_kind.values()) for k in (0, 1))
    most = max(by_kind, key=lambda kind: abs(by_kind[kind][0]))
    more, brought = (f"{bn(abs(one), market_fen)} bn RMB {_way(one)}" for one in (given, sold))
    return (
        f"“{called}” gives {more} in kept coupons than {called_base} and sells {brought}; most "
        f"changes on {most}"
    )


def _way(change: float) -> str:
    return "less" if change < 0 else "more"

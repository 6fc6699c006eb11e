"""Where the subsidy went, and what was sold there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.decision.amounts import bn
from engine.report.charts.grammar import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.weighing import weighed
from engine.report.formatting import percent, scaled
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row

KINDS: Final = {
    "source": "factory goods",
    "platform_brand": "platform brands",
    "domestic": "domestic brands",
    "multinational": "multinationals",
    "partner": "the partner’s goods",
}
TIERS: Final = {"tier12": "cities of tiers 1 and 2", "tier3": "tier 3 and below"}
DOMAINS: Final = {"private": "from followed anchors", "public": "from the public feed"}

_PLACE_NOTE: Final = (
    "Mean of the simulated runs. The tables do not tell new buyers’ coupons from others’."
)

_PARTS: Final = ("own, kept by buyers", "own, back with returns", "the partner’s")


def spending_policy(study: StudyResults, policies: Iterable[str]) -> str | None:
    """Return the first of the policies whose segments have coupons; None where none has."""
    spent = {row["policy"] for row in study.segments if _coupons(row) > 0}
    return next((name for name in policies if name in spent), None)


def segment_pictures(study: StudyResults, policy: str, called: str = "") -> list[Picture]:
    """Draw where a policy's coupons went: by kind, tier and domain; none without segments."""
    rows = [row for row in study.segments if row["policy"] == policy]
    spent = sum(map(_coupons, rows))
    if not rows or spent <= 0:
        return []
    under = f" under “{called}”" if called else ""
    tiers, domains = (
        _by_place(rows, key, words) for key, words in (("tier", TIERS), ("domain", DOMAINS))
    )
    by_tier, tier, tier_share = tiers
    by_domain, domain, domain_share = domains
    places = [
        picture(
            by_tier,
            f"{percent(tier_share)} of {bn(spent)} bn RMB of coupons went to buyers in {tier}"
            f"{under}",
            _PLACE_NOTE,
        ),
        picture(
            by_domain,
            f"{percent(domain_share)} of the coupons were spent on sales {domain}{under}",
            _PLACE_NOTE,
        ),
    ]
    return [*places, _shares(rows)] if "gmv_paid_fen" in rows[0] else places


def _coupons(row: Row) -> float:
    return float(row.get("subsidy_fen", 0.0) + row.get("partner_subsidy_fen", 0.0))


def _by_place(rows: Sequence[Row], key: str, words: Mapping[str, str]) -> tuple[Any, str, float]:
    """Draw coupons by kind, split by tier or domain; name the part with most, and its share."""
    import altair as alt

    kinds = _named(dict.fromkeys(row["kind"] for row in rows), KINDS)
    parts = _named(dict.fromkeys(row[key] for row in rows), words)
    values = []
    for kind, called in kinds.items():
        for part, said in parts.items():
            own = [row for row in rows if row["kind"] == kind and row[key] == part]
            amount = sum(map(_coupons, own))
            back = sum(row.get("refunded_subsidy_fen", 0.0) for row in own)
            values.append(
                {
                    "name": wrapped(called),
                    "series": said,
                    "value": scaled("subsidy_fen", amount),
                    "tip": f"{called}, {said}: {bn(amount)} bn RMB, {bn(back)} of it refunded",
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


def _shares(rows: Sequence[Row]) -> Picture:
    """Draw each kind's share of coupons beside its share of sales."""
    import altair as alt

    kinds = _named(dict.fromkeys(row["kind"] for row in rows), KINDS)
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


def funding_picture(study: StudyResults, policies: Mapping[str, str]) -> Picture | None:
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
                    "tip": f"{called}: {bn(amount)} bn RMB {part}",
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
            x=alt.X("value:Q", title="Coupons in the year, bn RMB"),
            y=name_axis(names),
            color=alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(columns=1)),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    policy, (own, back) = max(kept.items(), key=lambda item: item[1][0])
    return picture(
        chart.properties(height=rows_height(names)),
        f"Of {bn(own)} bn RMB of own coupons under “{policies[policy]}”, {percent(back / own)} "
        "come back with returned goods"
        if own > 0
        else "No policy here spends coupons of the platform’s own",
        "Whole calendar year, the part before the decision included; mean over worlds, weighted.",
    )

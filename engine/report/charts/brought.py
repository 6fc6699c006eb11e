"""What a policy's coupons brought where they went, against another policy under the same seeds."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from engine.decision.amounts import bn
from engine.report.charts.grammar import (
    BLUE,
    INK,
    RED,
    Picture,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.charts.subsidy import DOMAINS, KINDS, TIERS
from engine.report.formatting import scaled, signed
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row

_SERIES: Final = ("coupons, less what came back", "GMV as paid")

BROUGHT_HEADS: Final = (
    ("Goods", ""),
    ("Buyers", ""),
    ("Sold", ""),
    ("Coupons", "bn RMB"),
    ("Refunded", "bn RMB"),
    ("GMV as paid", "bn RMB"),
    ("Coupons more", "bn RMB"),
    ("GMV more", "bn RMB"),
)
"""Heads of the table of cells, with their units."""


class _SegmentCell(NamedTuple):
    """Amounts of one kind of goods, tier and domain, fen: as they are, and against the base's."""

    kind: str
    tier: str
    domain: str
    coupons: float
    refunded: float
    paid: float
    more_coupons: float
    more_paid: float


def brought_picture(
    study: StudyResults, policy: str, called: str, base: str, called_base: str
) -> Picture | None:
    """Draw by kind of goods what was given more than under the base, and what was sold more."""
    cells = _cells(study, policy, base)
    by_kind = {
        kind: (
            sum(one.more_coupons for one in cells if one.kind == kind),
            sum(one.more_paid for one in cells if one.kind == kind),
        )
        for kind in dict.fromkeys(one.kind for one in cells)
    }
    if not any(given for given, _ in by_kind.values()):
        return None
    import altair as alt

    called_kind = {kind: KINDS.get(kind, kind.replace("_", " ")) for kind in by_kind}
    values: list[dict[str, Any]] = []
    for kind, changes in by_kind.items():
        for series, change in zip(_SERIES, changes, strict=True):
            text = signed(scaled("gmv_paid_fen", change), 2, plus=True)
            values.append(
                {
                    "name": wrapped(called_kind[kind]),
                    "series": series,
                    "value": scaled("gmv_paid_fen", change),
                    "tip": f"{called_kind[kind]}: {text} bn RMB, {series}",
                }
            )
    names = list(called_kind.values())
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
    return picture(
        alt.layer(bars, zero).properties(height=rows_height(names, 3)),
        _finding({called_kind[kind]: own for kind, own in by_kind.items()}, called, called_base),
        "Mean over worlds under the same seeds. What one kind of goods gains another may lose: "
        "only the sum over kinds is what the coupons brought.",
    )


def brought_rows(study: StudyResults, policy: str, base: str) -> list[tuple[str, ...]]:
    """Return a line for every cell with coupons or sales, in the order of `BROUGHT_HEADS`."""
    return [
        (
            KINDS.get(one.kind, one.kind.replace("_", " ")),
            TIERS.get(one.tier, one.tier),
            DOMAINS.get(one.domain, one.domain),
            *(bn(amount) for amount in (one.coupons, one.refunded, one.paid)),
            *(
                signed(scaled("gmv_paid_fen", change), 2, plus=True)
                for change in (one.more_coupons, one.more_paid)
            ),
        )
        for one in _cells(study, policy, base)
        if one.coupons or one.paid
    ]


def _cells(study: StudyResults, policy: str, base: str) -> list[_SegmentCell]:
    """Return the cells of a policy; none unless the base has the same, and sales are known."""

    def of(name: str) -> Mapping[tuple[str, str, str], Row]:
        rows = (row for row in study.segments if row["policy"] == name)
        return {(row["kind"], row["tier"], row["domain"]): row for row in rows}

    own, other = of(policy), of(base)
    if not own or own.keys() != other.keys() or "gmv_paid_fen" not in next(iter(own.values())):
        return []
    return [
        _SegmentCell(
            *place,
            _given(row),
            row.get("refunded_subsidy_fen", 0.0),
            row["gmv_paid_fen"],
            _kept(row) - _kept(other[place]),
            row["gmv_paid_fen"] - other[place]["gmv_paid_fen"],
        )
        for place, row in own.items()
    ]


def _given(row: Row) -> float:
    """Return coupons of the platform and the partner."""
    return float(row["subsidy_fen"] + row.get("partner_subsidy_fen", 0.0))


def _kept(row: Row) -> float:
    """Return coupons less the platform's own that came back with returned goods."""
    return _given(row) - float(row.get("refunded_subsidy_fen", 0.0))


def _finding(by_kind: Mapping[str, tuple[float, float]], called: str, called_base: str) -> str:
    """Say what all coupons brought, and on which goods they changed most."""
    given, sold = (sum(own[k] for own in by_kind.values()) for k in (0, 1))
    most = max(by_kind, key=lambda kind: abs(by_kind[kind][0]))
    more, brought = (f"{bn(abs(one))} bn RMB {_way(one)}" for one in (given, sold))
    return (
        f"“{called}” gives {more} in coupons than {called_base} and sells {brought}; most changes "
        f"on {most}"
    )


def _way(change: float) -> str:
    return "less" if change < 0 else "more"

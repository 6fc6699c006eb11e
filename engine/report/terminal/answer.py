"""The end of the main job where targets have a price: the answer, the prices, the plan."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from rich.console import Console
from rich.table import Table

from engine.decision.answer import Answer
from engine.decision.attribution import Attribution
from engine.decision.months import Month
from engine.decision.price_table import PriceRow
from engine.report.formatting import NONE
from engine.report.terminal.policies import plain_table
from engine.units import FEN_PER_BN_RMB

_EFFECTS_TOLD = 4
"""Levers of the recommended policy whose effects are told, the largest first."""


def print_answer(found: Answer, console: Console) -> None:
    """Print the recommendation, the price of each target, the plan, and what each lever does."""
    console.print()
    console.print(" ".join(found.recommended.sentences))
    said = list(dict.fromkeys(row.policy for row in found.rows if row.policy is not None))
    letters = dict(zip(said, ascii_uppercase, strict=False))
    console.print()
    console.print(_prices(found.rows, letters))
    for words, letter in letters.items():
        console.print(f"{letter}: {words}")
    console.print()
    plan = found.recommended.policy or found.names[found.today]
    console.print(_plan(plan, [month for month in found.months if not month.is_past]))
    for line in effect_sentences(found.effects):
        console.print(line)


def _prices(rows: Sequence[PriceRow], letters: Mapping[str, str]) -> Table:
    table = plain_table("Price of a target, beyond today's policy (bn RMB; ranges over worlds)")
    heads = (
        "Target",
        "P with\nno more",
        "Cheapest\npolicy",
        "Net cost,\nmedian",
        "80 % of\nworlds",
        "RMB per\nRMB more",
        "P\nreach",
        "in the\nworst",
        "Sub-\nsidy",
    )
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        start = [_bn(row.target_fen), f"{row.reach_today:.2f}"]
        if row.policy is None:
            table.add_row(*start, "none here")
            continue
        table.add_row(
            *start,
            letters.get(row.policy, ""),
            _bn(row.cost_median),
            _range(row.cost_80),
            NONE if row.cost_per_gmv is None else _signed(f"{row.cost_per_gmv:.2f}"),
            NONE if row.reach is None else f"{row.reach:.2f}",
            NONE if row.worst_reach is None else f"{row.worst_reach:.2f}",
            _bn(row.subsidy_fen),
        )
    return table


def _plan(policy: str, months: Sequence[Month]) -> Table:
    table = plain_table(f"By month: {policy} (bn RMB)")
    table.add_column("Month")
    for head in ("GMV", "Year so far", "10 to 90 %", "Target", "Subsidy"):
        table.add_column(head, justify="right", no_wrap=True)
    for month in months:
        table.add_row(
            f"{month.month:%Y-%m}",
            _bn(month.gmv_fen),
            _bn(month.middle_fen),
            _range((month.low_fen, month.high_fen)),
            _bn(month.target_fen) if month.target_fen > 0 else NONE,
            _bn(month.subsidy_fen),
        )
    return table


def effect_sentences(effects: Sequence[Attribution]) -> list[str]:
    """Say in one line what the levers of the recommended policy do, and what they do together."""
    of_measure = [one for one in effects if one.measure == "gmv_paid_fen"]
    costs = {
        (one.lever, one.view): one.effect.value
        for one in effects
        if one.measure == "platform_contribution_fen"
    }
    alone = [one for one in of_measure if one.view == "leave_one_out"]
    if not alone:
        return []
    ranked = sorted(alone, key=lambda one: -abs(one.effect.value or 0.0))
    told = [
        f"{one.says} {_signed_bn(one.effect.value)} ({_range((one.effect.low, one.effect.high))})"
        f" and {_signed_bn(costs[one.lever, one.view])}"
        for one in ranked[:_EFFECTS_TOLD]
    ]
    rest = f"; {len(ranked) - _EFFECTS_TOLD} more" if len(ranked) > _EFFECTS_TOLD else ""
    return [
        "What would be lost without it, GMV (95 %) and contribution, bn RMB: "
        + "; ".join(told)
        + rest
        + "."
    ]


def _bn(fen: float | None) -> str:
    if fen is None:
        return NONE
    bn = fen / FEN_PER_BN_RMB
    return _signed(f"{bn:.0f}" if abs(bn) >= 100 else f"{bn:.1f}")


def _signed_bn(fen: float | None) -> str:
    return NONE if fen is None else _signed(f"{fen / FEN_PER_BN_RMB:+.1f}")


def _range(ends: tuple[float | None, float | None] | None) -> str:
    return NONE if ends is None else f"{_bn(ends[0])} to {_bn(ends[1])}"


def _signed(number: str) -> str:
    return number.replace("-", "−")

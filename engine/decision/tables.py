"""The answer of the main job as the rows of its tables: see `engine.results.schemas`."""

from collections.abc import Sequence
from typing import Any

from engine.calibrate.targets import CalibrationTarget
from engine.decision.answer import SHOWN, PricedAnswer
from engine.decision.inert import KNOTS
from engine.decision.price_table import PriceRow
from engine.decision.published import published_rows

_Row = dict[str, Any]


def answer_tables(
    found: PricedAnswer, known: Sequence[CalibrationTarget] = ()
) -> dict[str, list[_Row]]:
    """Return the rows of each table by its name.

    Parameters
    ----------
    found
        What was asked for.
    known
        Figures by the decision, whose sales stand beside those of the plan.
    """
    trials = {said: name for name, said in found.names.items()}
    said = {
        "answer": found.recommended.sentences,
        "luck": found.luck,
        "beyond": found.beyond.sentences,
        "certainty": found.certainty,
    }
    return {
        "advice": [
            {"about": about, "sentence": sentence}
            for about, sentences in said.items()
            for sentence in sentences
        ],
        "price_of_target": [
            _price(row, trials)
            | {"is_recommended": row.policy in {found.recommended.policy} - {None}}
            for row in found.rows
        ],
        "attribution": [
            {
                "policy": found.found,
                "lever": one.lever,
                "says": one.says,
                "view": one.view,
                "measure": one.measure,
                "effect": one.effect.value,
                "standard_error": one.effect.standard_error,
                "ci_low": one.effect.low,
                "ci_high": one.effect.high,
                "pairs_count": one.pairs_count,
            }
            for one in found.effects
        ]
        + [_path_effect(row) for row in found.beyond.path],
        "plan": [month._asdict() for month in found.months],
        "published": published_rows(known),
        "weights": _worlds(found),
        "value": list(found.beyond.values),
    }


def _path_effect(row: _Row) -> _Row:
    """What the shape of the target's path brings beyond a straight one, as an effect."""
    same = ("policy", "measure", "standard_error", "ci_low", "ci_high", "pairs_count")
    return {name: row[name] for name in same} | {
        "lever": KNOTS,
        "says": "the shape of the path to the target",
        "view": "beyond_straight",
        "effect": row["difference"],
    }


def _worlds(found: PricedAnswer) -> list[_Row]:
    """A row for each world: its weight, its misses, and the answer without it."""
    without = {one.world: one for one in found.without}
    rows = []
    for misses, (world, weight) in zip(
        found.weights.misses, found.weights.weights.items(), strict=True
    ):
        own = without.get(world)
        rows.append(
            {
                "world": world,
                "weight": weight,
                "without_policy": (own.policy if own else None) or "",
                "without_is_same": own.is_same if own else None,
                "without_reach": own.reach if own else None,
                "without_cost_fen": own.cost_fen if own else None,
                "note": found.weights.note,
            }
            | {
                f"miss.{figure}": float(miss)
                for figure, miss in zip(found.weights.figures, misses, strict=True)
            }
        )
    return rows


def _price(row: PriceRow, trials: dict[str, str]) -> _Row:
    low50, high50 = row.cost_50 or (None, None)
    low80, high80 = row.cost_80 or (None, None)
    reach_low, reach_high = row.reach_95 or (None, None)
    per_low, per_high = row.cost_per_gmv_80 or (None, None)
    return {
        "target_fen": row.target_fen,
        "p_reach_without": row.reach_today,
        "policy": trials.get(row.policy or "", ""),
        "says": row.policy or "",
        "p_reach": row.reach,
        "p_reach_se": row.reach_error,
        "p_reach_ci_low": reach_low,
        "p_reach_ci_high": reach_high,
        "worst_world": row.worst_world,
        "p_reach_worst": row.worst_reach,
        "net_cost_fen": row.cost.value,
        "net_cost_fen_ci_low": row.cost.low,
        "net_cost_fen_ci_high": row.cost.high,
        "net_cost_fen_q50": row.cost_median,
        "net_cost_fen_q25": low50,
        "net_cost_fen_q75": high50,
        "net_cost_fen_q10": low80,
        "net_cost_fen_q90": high80,
        "marginal_cost_share": row.cost_per_gmv,
        "marginal_cost_share_q10": per_low,
        "marginal_cost_share_q90": per_high,
        "gmv_paid_fen": row.gmv_fen,
        "subsidy_fen": row.subsidy_fen,
        "binding": row.binding,
        **{name: row.others.get(name) for name in SHOWN},
    }

"""What a sweep answers of each lever: where it is best, and whether it moves anything at all.

A lever is judged by the contribution with run-off. Whether some point of m differs from the
base is asked of all m at once: a difference d with standard error s over n independent
replications is distinguishable from zero where

    |d| > t(1 - 0.05 / (2 m); n - 1) s

(Bonferroni; Miller, Simultaneous Statistical Inference, 1981), so that a lever without any
effect is taken for one that has one in at most 5 % of sweeps, on each measure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from engine.measures.run_off import CONTRIBUTION
from engine.stats.intervals import CONFIDENCE, student_quantile

_Row = Mapping[str, Any]

_Place = Literal["interior", "low end", "high end", "indistinguishable", "moves nothing"]
"""Where a lever is best: inside its range or at an end of it. `indistinguishable`: it moves
something, but no point's contribution with run-off is distinguishable from the base's.
`moves nothing`: no measure is."""

_GMV: Final = "gmv_paid_fen"


class LeverAnswer(NamedTuple):
    """What is known of one lever; rows are those of `response`.

    `base`, `best` and `gmv` are rows on the contribution with run-off at the base policy's own
    value and at the best, and on GMV as paid at the best. `moved` are the measures on which some
    point is distinguishable from the base.
    """

    lever: str
    unit: str
    base: _Row
    best: _Row
    gmv: _Row
    place: _Place
    moved: tuple[str, ...]

    @property
    def is_distinguishable(self) -> bool:
        """Whether some value's contribution with run-off is distinguishable from the base's."""
        return CONTRIBUTION in self.moved


def lever_answers(rows: Sequence[_Row]) -> list[LeverAnswer]:
    """Answer for every lever of the rows of `response`, in their order."""
    by_lever: dict[str, list[_Row]] = {}
    for row in rows:
        by_lever.setdefault(row["lever"], []).append(row)
    return [_answer(lever, own) for lever, own in by_lever.items()]


def _answer(lever: str, rows: Sequence[_Row]) -> LeverAnswer:
    judged = [row for row in rows if row["measure"] == CONTRIBUTION]
    base = next(row for row in judged if row["is_base"])
    # Of equals the base: a policy is not changed for nothing.
    best = max(judged, key=lambda row: (row["difference"], row["is_base"]))
    gmv = next(
        row
        for row in rows
        if row["measure"] == _GMV
        and (row["value"], row["is_base"]) == (best["value"], best["is_base"])
    )
    measures = dict.fromkeys(row["measure"] for row in rows)
    moved = tuple(
        name for name in measures if _is_moved([row for row in rows if row["measure"] == name])
    )
    place = _place(best, [row["value"] for row in judged], moved)
    return LeverAnswer(lever, rows[0]["unit"], base, best, gmv, place, moved)


def _place(best: _Row, values: Sequence[float], moved: Sequence[str]) -> _Place:
    if not moved:
        return "moves nothing"
    if CONTRIBUTION not in moved:
        return "indistinguishable"
    if best["is_constant"] and best["value"] == min(values):
        return "low end"
    if best["is_constant"] and best["value"] == max(values):
        return "high end"
    return "interior"


def _is_moved(rows: Sequence[_Row]) -> bool:
    """Whether some point of one lever and measure is distinguishable from the base."""
    others = [row for row in rows if not row["is_base"]]
    return any(_is_distinguishable(row, len(others)) for row in others)


def _is_distinguishable(row: _Row, points_count: int) -> bool:
    """Whether one of so many differences is distinguishable from zero.

    Without a standard error, since all pairs agree, any difference is.
    """
    if row["standard_error"] is None:
        return bool(row["difference"] != 0)
    beyond = (1 - CONFIDENCE) / (2 * points_count)
    half = student_quantile(row["units_count"] - 1, 1 - beyond) * row["standard_error"]
    return bool(abs(row["difference"]) > half)

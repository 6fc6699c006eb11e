"""What a sensitivity analysis found: the factors of each measure, and sentences on them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.report.formatting import NONE, label, percent, show_change, signed, unit
from engine.results.schemas import Row

NAMED_FACTORS: Final = 3
"""Factors that a sentence names; on the terminal twice as many."""


FACTOR_SETS: Final = {
    "levers": "the levers of the space",
    "unknowns": "the unknowns of the world",
    "search": "the levers where the search looked",
}


SENSITIVITY_LIMITS: Final = (
    "An index belongs to the ranges: a lever that may move further brings a larger share.",
    "Factors are drawn independently. Rules of a space and conditions act on what was drawn.",
    "The levers move in the world as it is, the unknowns under one policy.",
    "The change from low to high is that of a straight line: what rises and falls again has none.",
)


_SEARCH: Final = "search"

_LOUD: Final = 0.2
"""Share of random variation in the variance from which a measure is said to be noisy."""


_WIDE: Final = 0.5
"""Half an interval of an index, a share, from which the index is not known."""

_NOT_ENOUGH: Final = "not enough runs"
"""Shown in place of a figure that its interval drowns."""


class _Factor(NamedTuple):
    """One factor: its whole share with 95 % limits, the share it has alone, and its effect.

    `effect` is the row of the measure's change from the low to the high end, if there is one;
    `alone_half` half the interval of the share alone.
    """

    name: str
    whole: float
    low: float | None
    high: float | None
    alone: float | None
    alone_half: float | None = None
    effect: Row | None = None

    @property
    def is_known(self) -> bool:
        """Whether there are runs enough to say anything of the share."""
        return self.low is None or self.high is None or (self.high - self.low) / 2 <= _WIDE

    @property
    def is_distinguishable(self) -> bool:
        """Whether the interval leaves out zero; one without an interval is taken as it is."""
        return self.is_known and (self.low is None or self.low > 0)

    @property
    def whole_text(self) -> str:
        """Write the whole share, with its interval where it has one."""
        if self.low is None or self.high is None:
            return signed(self.whole, 2)
        if not self.is_known:
            return _NOT_ENOUGH
        return f"{signed(self.whole, 2)} ± {(self.high - self.low) / 2:.2f}"

    @property
    def alone_text(self) -> str:
        """Write the share alone, where that is known."""
        if self.alone is None:
            return NONE
        known = self.alone_half is None or self.alone_half <= _WIDE
        return signed(self.alone, 2) if known else _NOT_ENOUGH

    @property
    def effect_text(self) -> str:
        """Write by how much the measure changes, with ± half the interval and its unit."""
        row = self.effect
        if row is None or row["value"] is None:
            return NONE
        if row["ci_low"] is None:
            return _NOT_ENOUGH
        half = (row["ci_high"] - row["ci_low"]) / 2
        return show_change(row["measure"], row["value"], half)

    @property
    def texts(self) -> tuple[str, str, str]:
        """Write effect, share and share alone; that runs are too few is said once."""
        found = (self.effect_text, self.whole_text, self.alone_text)
        first = found.index(_NOT_ENOUGH) if _NOT_ENOUGH in found else len(found)
        effect, whole, alone = (
            "" if text == _NOT_ENOUGH and place > first else text
            for place, text in enumerate(found)
        )
        return effect, whole, alone

    @property
    def is_moving(self) -> bool:
        """Whether the interval of the effect leaves out zero."""
        row = self.effect
        return row is not None and row["ci_low"] is not None and row["ci_low"] * row["ci_high"] > 0

    @property
    def range_text(self) -> str:
        """Write the ends between which it moved, where they are numbers."""
        row = self.effect
        if row is None or row.get("low") is None or row.get("high") is None:
            return ""
        return f"{row['low']:g} to {row['high']:g}"


class _Block(NamedTuple):
    """One measure moved by one set of factors, the strongest first.

    `noise` is the share of the variance that random streams bring.
    """

    of: str
    measure: str
    factors: list[_Factor]
    noise: float | None

    @property
    def is_known(self) -> bool:
        """Whether there are runs enough to say anything of any factor."""
        told = (one.is_known or one.is_moving for one in self.factors)
        return not self.factors or any(told)


def sensitivity_blocks(rows: Sequence[Row]) -> list[_Block]:
    """Return the rows of `sensitivity` by measure and set of factors."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["of"], row["measure"]), []).append(row)
    return [_block(of, measure, own) for (of, measure), own in found.items()]


def moved_sentences(rows: Sequence[Row]) -> list[str]:
    """Say what moves each measure most, where that is significant, and where noise hides it."""
    said = [_sentence(block) for block in sensitivity_blocks(rows) if block.is_known]
    said += _too_few(sensitivity_blocks(rows))
    said += [text for block in sensitivity_blocks(rows) if (text := _effects_sentence(block))]
    noisy = [
        f"{label(block.measure)} over {FACTOR_SETS[block.of]} ({percent(block.noise)})"
        for block in sensitivity_blocks(rows)
        if block.noise is not None and block.noise > _LOUD
    ]
    if noisy:
        said.append(
            f"Much of the variance is noise, not factors: {', '.join(noisy)}."
            " More replications or buyers make it less."
        )
    told = [
        block
        for block in sensitivity_blocks(rows)
        if any(one.low is not None for one in block.factors)
    ]
    if any(block.of != _SEARCH and block.is_known for block in told):
        said.append(
            "An index is a share of the measure's variance; intervals are 95 % and hold what"
            " the design leaves open, and noise."
        )
    if any(block.of == _SEARCH for block in told):
        said.append(
            "Importance adds up to 1 over the levers; its 95 % intervals are of trials drawn anew"
            " from those of the search, not of another search."
        )
    return said


def _too_few(found: Sequence[_Block]) -> list[str]:
    """Say once of what there are too few runs, and what to ask for."""
    few = [f"{label(one.measure)} over {FACTOR_SETS[one.of]}" for one in found if not one.is_known]
    if not few:
        return []
    said = f"{_NOT_ENOUGH.capitalize()} to tell what moves {', '.join(few)}."
    return [f"{said} Ask for more: indices.base_points_count, replications."]


def _block(of: str, measure: str, rows: Sequence[Row]) -> _Block:
    by_index = {(row["index"], row["name"]): row for row in rows}
    noise = next((row["value"] for row in rows if row["index"] == "noise"), None)
    wholes = [row for row in rows if row["index"] in {"total", "importance"}]
    factors = [
        _Factor(
            row["name"],
            row["value"],
            row["ci_low"],
            row["ci_high"],
            by_index.get(("first", row["name"]), {}).get("value"),
            _half(by_index.get(("first", row["name"]), {})),
            by_index.get(("effect", row["name"])),
        )
        for row in wholes
        if row["value"] is not None
    ]
    return _Block(of, measure, sorted(factors, key=lambda one: -one.whole), noise)


def _sentence(block: _Block) -> str:
    if not block.factors:
        return f"{label(block.measure)} is moved by none of {FACTOR_SETS[block.of]}."
    told = [factor for factor in block.factors if factor.is_distinguishable][:NAMED_FACTORS]
    of = FACTOR_SETS[block.of]
    if not told:
        return f"{label(block.measure)}: none of {of} is distinguishable from having no effect."
    parts = [f"{factor.name} ({factor.whole_text})" for factor in told]
    return f"{label(block.measure)}: of {of}, most by {', '.join(parts)}."


def _effects_sentence(block: _Block) -> str:
    """Say which way the factors with the largest effects move a measure; empty if none is told."""
    moving = [factor for factor in block.factors if factor.is_moving and factor.effect]
    moving.sort(key=lambda one: -abs(one.effect["value"]) if one.effect else 0.0)
    if not moving:
        return ""
    in_unit = f" {unit(block.measure)}" if unit(block.measure) not in {"", "%"} else ""
    parts = [
        f"{one.name}{f' from {one.range_text}' if one.range_text else ''} changes it by "
        f"{one.effect_text}{in_unit}"
        for one in moving[:NAMED_FACTORS]
    ]
    return f"{label(block.measure)}: raising {'; '.join(parts)}."


def _half(row: Row) -> float | None:
    if row.get("ci_low") is None or row.get("ci_high") is None:
        return None
    return float(row["ci_high"] - row["ci_low"]) / 2

"""What a sensitivity analysis found: the factors of each measure, and sentences on them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.report.formatting import label, percent, signed
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
)


_LOUD: Final = 0.2
"""Share of random variation in the variance from which a measure is said to be noisy."""


class _Factor(NamedTuple):
    """One factor: its whole effect with 95 % limits, and the part it has alone."""

    name: str
    whole: float
    low: float | None
    high: float | None
    alone: float | None

    @property
    def is_told(self) -> bool:
        """Whether the interval leaves out zero; one without an interval is taken as it is."""
        return self.low is None or self.low > 0

    @property
    def whole_text(self) -> str:
        """Write the whole effect, with ± half its interval where it has one."""
        if self.low is None or self.high is None:
            return signed(self.whole, 2)
        return f"{signed(self.whole, 2)} ± {(self.high - self.low) / 2:.2f}"


class _Block(NamedTuple):
    """One measure moved by one set of factors, the strongest first.

    `noise` is the share of the variance that random streams bring.
    """

    of: str
    measure: str
    factors: list[_Factor]
    noise: float | None


def blocks(rows: Sequence[Row]) -> list[_Block]:
    """Return the rows of `sensitivity` by measure and set of factors."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["of"], row["measure"]), []).append(row)
    return [_block(of, measure, own) for (of, measure), own in found.items()]


def moved_sentences(rows: Sequence[Row]) -> list[str]:
    """Say what moves each measure most, where that is significant, and where noise hides it."""
    said = [_sentence(block) for block in blocks(rows)]
    noisy = [
        f"{label(block.measure)} over {FACTOR_SETS[block.of]} ({percent(block.noise)})"
        for block in blocks(rows)
        if block.noise is not None and block.noise > _LOUD
    ]
    if noisy:
        said.append(
            f"Much of the variance is noise, not factors: {', '.join(noisy)}."
            " More replications or buyers make it less."
        )
    if any(factor.low is not None for block in blocks(rows) for factor in block.factors):
        said.append(
            "An index is a share of the measure's variance; intervals are 95 % and hold what"
            " the design leaves open, and noise."
        )
    return said


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
        )
        for row in wholes
        if row["value"] is not None
    ]
    return _Block(of, measure, sorted(factors, key=lambda one: -one.whole), noise)


def _sentence(block: _Block) -> str:
    if not block.factors:
        return f"{label(block.measure)} is moved by none of {FACTOR_SETS[block.of]}."
    told = [factor for factor in block.factors if factor.is_told][:NAMED_FACTORS]
    if not told:
        of = FACTOR_SETS[block.of]
        return f"{label(block.measure)}: none of {of} is told from having no effect."
    parts = [f"{factor.name} ({factor.whole_text})" for factor in told]
    return f"{label(block.measure)}: of {FACTOR_SETS[block.of]}, most by {', '.join(parts)}."

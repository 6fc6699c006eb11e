"""What a sensitivity analysis found: the factors of each measure, and sentences on them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.report.findings.factor_words import factor_money, factor_words
from engine.report.formatting import NONE, label, label_inside, percent, show_change, signed, unit
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


CHANGES_NOTE: Final = (
    "A change is in the unit beside the measure (pp: percentage points), as the factor goes from "
    "low to high in the unit of its key. "
)
SHARES_NOTE: Final = "Shares of the variance are parts of 1; alone: without other factors."


_NAMED_FEW: Final = 2
"""Factors with too few runs that a sentence names."""

_SEARCH: Final = "search"
_UNFINISHED: Final = "unfinished"

_LOUD: Final = 0.2
"""Share of random variation in the variance from which a measure is said to be noisy."""


_WIDE: Final = 0.5
"""Half an interval of an index, a share, from which the index is not known."""

NOT_ENOUGH: Final = "not enough runs"
"""Shown in place of a figure that its interval drowns."""


_LEAST: Final = 0.005
"""Share that is written as more than 0.00."""

_WITHIN_NOISE: Final = "within noise"


class _Factor(NamedTuple):
    """One factor: its whole share with 95 % limits, the share it has alone, and its effect.

    `effect` is the row of the measure's change from the low to the high end, if there is one;
    `alone_half` half the interval of the share alone; `goods` see `factor_words`.
    """

    name: str
    whole: float
    low: float | None
    high: float | None
    alone: float | None
    alone_half: float | None = None
    effect: Row | None = None
    goods: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there are runs enough to say anything of the share."""
        if self.low is None or self.high is None:
            return True
        return (self.high - self.low) / 2 <= _WIDE and self.is_possible

    @property
    def is_possible(self) -> bool:
        """Whether the intervals leave room for shares of a variance.

        These are 1 at most, and what a factor brings alone is a part of what it brings in all. An
        interval wholly beyond that is of an estimate from too few runs.
        """
        most = 1.0 if self.high is None else min(1.0, self.high)
        whole_fits = self.low is None or self.low <= 1
        if self.alone is None or self.alone_half is None:
            return whole_fits
        return whole_fits and self.alone - self.alone_half <= most

    @property
    def most(self) -> float:
        """The largest share that its intervals leave open."""
        high = self.whole if self.high is None else self.high
        if self.is_possible or self.alone is None or self.alone_half is None:
            return high
        return max(high, self.alone + self.alone_half)

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
            return NOT_ENOUGH
        half = (self.high - self.low) / 2
        if 0 < max(abs(self.whole), half) < _LEAST:
            return f"<{2 * _LEAST:.2f}"
        return f"{signed(self.whole, 2)} ± {half:.2f}"

    @property
    def alone_text(self) -> str:
        """Write the share alone, where that is known."""
        if self.alone is None:
            return NONE
        known = (self.alone_half is None or self.alone_half <= _WIDE) and self.is_possible
        return signed(self.alone, 2) if known else NOT_ENOUGH

    @property
    def effect_text(self) -> str:
        """Write by how much the measure changes, with ± half the interval and its unit."""
        row = self.effect
        if row is None or row["value"] is None:
            return NONE
        if row["ci_low"] is None:
            return NOT_ENOUGH
        half = (row["ci_high"] - row["ci_low"]) / 2
        return show_change(row["measure"], row["value"], half)

    @property
    def texts(self) -> tuple[str, str, str]:
        """Write effect, share and share alone; that runs are too few is said once."""
        found = (self.effect_text, self.whole_text, self.alone_text)
        first = found.index(NOT_ENOUGH) if NOT_ENOUGH in found else len(found)
        effect, whole, alone = (
            "" if text == NOT_ENOUGH and place > first else text for place, text in enumerate(found)
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
        ends = " to ".join(f"{row[end]:.4g}".replace("-", "−") for end in ("low", "high"))
        return f"{ends}{factor_money(self.name)}"

    @property
    def words(self) -> str:
        """What it is called for people."""
        return factor_words(self.name, self.goods)

    @property
    def is_visible(self) -> bool:
        """Whether its share is told and does not round to nothing."""
        return self.is_distinguishable and self.whole >= _LEAST

    @property
    def raising_text(self) -> str:
        """Write which way the measure goes when it is raised."""
        if not self.is_moving or self.effect is None:
            return "" if self.effect_text in {NONE, NOT_ENOUGH} else _WITHIN_NOISE
        return "raises it" if self.effect["value"] > 0 else "lowers it"


class _Block(NamedTuple):
    """One measure moved by one set of factors, the strongest first.

    `noise` is the share of the variance that random streams bring.
    """

    of: str
    measure: str
    factors: list[_Factor]
    noise: float | None

    @property
    def unit(self) -> str:
        """The unit of its effects; nothing where they are points of a share."""
        return unit(self.measure) if unit(self.measure) != "%" else ""

    @property
    def title(self) -> str:
        """The measure with the unit of its changes, and what moves it."""
        parts = label(self.measure), unit(self.measure).replace("%", "pp")
        return f"{', '.join(filter(None, parts))}: {FACTOR_SETS[self.of]}"

    @property
    def moving(self) -> list[_Factor]:
        """Factors whose effect is told, the largest first."""
        found = [one for one in self.factors if one.is_moving and one.effect]
        return sorted(found, key=lambda one: -abs(one.effect["value"]) if one.effect else 0.0)

    @property
    def told(self) -> list[_Factor]:
        """Factors whose share is told, the largest first."""
        return [one for one in self.factors if one.is_visible]

    @property
    def contenders(self) -> list[_Factor]:
        """Factors with too few runs that may move the measure more than any that is told."""
        top = self.told[0].whole if self.told else 0.0
        return [
            one for one in self.factors if not one.is_known and (one.high is None or one.most > top)
        ]

    @property
    def has_first(self) -> bool:
        """Whether the factor with the largest share is told from all others.

        Shares without intervals are taken as they are.
        """
        if not self.told:
            return False
        first, *others = [self.told[0], *(one for one in self.factors if one is not self.told[0])]
        if first.low is None:
            return True
        return all(first.low > one.most for one in others)

    @property
    def finding(self) -> str:
        """Say which factors move the measure, and which most if that is told."""
        name, of = label(self.measure), FACTOR_SETS[self.of]
        if self.has_first:
            return f"{name} is moved most by {self.told[0].words}, of {of}"
        few = _few(self.contenders)
        if not self.told:
            inside = label_inside(self.measure)
            if few:
                return f"Not enough runs to tell what moves {inside} most, of {of}: {few}"
            return f"None of {of} is distinguishable from having no effect on {inside}"
        moved = _and([one.words for one in self.told[:NAMED_FACTORS]])
        if few:
            return f"{name} is moved by {moved}, of {of}; not enough runs for {few}"
        if len(self.told) == 1:
            return f"{name} is moved by {moved}, of {of}; others may move it as much"
        return f"{name} is moved by {moved}, of {of}, too close to tell which moves it most"

    @property
    def effect_finding(self) -> str:
        """Say by how much the factor with the largest effect changes the measure."""
        inside = label_inside(self.measure)
        if not self.moving:
            return f"No straight change of {inside} is distinguishable from zero"
        one = self.moving[0]
        return (
            f"Raising {one.words}{f' from {one.range_text}' if one.range_text else ''} changes "
            f"{inside} by {one.effect_text} {self.unit}".rstrip()
        )

    @property
    def is_known(self) -> bool:
        """Whether there are runs enough to say anything of any factor."""
        told = (one.is_known or one.is_moving for one in self.factors)
        return not self.factors or any(told)


def sensitivity_blocks(rows: Sequence[Row]) -> list[_Block]:
    """Return the rows of `sensitivity` by measure and set of factors."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["index"] == _UNFINISHED:
            continue
        found.setdefault((row["of"], row["measure"]), []).append(row)
    return [_block(of, measure, own) for (of, measure), own in found.items()]


def moved_sentences(rows: Sequence[Row]) -> list[str]:
    """Say what moves each measure most, where that is significant, and where noise hides it."""
    said = [_unfinished(row) for row in rows if row["index"] == _UNFINISHED]
    said += [_sentence(block) for block in sensitivity_blocks(rows) if block.is_known]
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


def factor_changes(rows: Sequence[Row]) -> list[str]:
    """Say of which measures another factor may come first with more runs, in one sentence."""
    blocks = (one for one in sensitivity_blocks(rows) if one.is_known and one.contenders)
    names = list(dict.fromkeys(label_inside(one.measure) for one in blocks))
    if not names:
        return []
    moved = f"With more points another factor may move {_and(names)} most"
    return [f"{moved}: indices.base_points_count, replications."]


def _too_few(found: Sequence[_Block]) -> list[str]:
    """Say once of what there are too few runs, and what to ask for."""
    few = [f"{label(one.measure)} over {FACTOR_SETS[one.of]}" for one in found if not one.is_known]
    if not few:
        return []
    said = f"{NOT_ENOUGH.capitalize()} to tell what moves {', '.join(few)}."
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
            row.get("goods", ""),
        )
        for row in wholes
        if row["value"] is not None
    ]
    return _Block(of, measure, sorted(factors, key=lambda one: -one.whole), noise)


def _unfinished(row: Row) -> str:
    """Say how many trials of a search are done, and that it may yet say something else."""
    asked = "" if row["high"] is None else f" of {row['high']:.0f}"
    done = f"{row['value']:.0f}{asked} trials are done"
    return f"The search is not finished: {done}, and what is to come may change this."


def _sentence(block: _Block) -> str:
    if not block.factors:
        return f"{label(block.measure)} is moved by none of {FACTOR_SETS[block.of]}."
    of, name = FACTOR_SETS[block.of], label(block.measure)
    few = _few(block.contenders)
    if not block.told and few:
        return f"{name}: {NOT_ENOUGH} to tell which of {of} moves it most."
    if not block.told:
        return f"{name}: none of {of} is distinguishable from having no effect."
    parts = ", ".join(f"{one.words} ({one.whole_text})" for one in block.told[:NAMED_FACTORS])
    if block.has_first:
        return f"{name}: of {of}, most by {parts}."
    if few:
        return f"{name}: of {of}, by {parts}; {NOT_ENOUGH} for {few}, which may move it more."
    return f"{name}: of {of}, by {parts}; which moves it most is too close to tell."


def _effects_sentence(block: _Block) -> str:
    """Say which way the factors with the largest effects move a measure; empty if none is told."""
    if not block.moving:
        return ""
    in_unit = f" {block.unit}" if block.unit else ""
    parts = [
        f"{one.words}{f' from {one.range_text}' if one.range_text else ''} changes it by "
        f"{one.effect_text}{in_unit}"
        for one in block.moving[:NAMED_FACTORS]
    ]
    return f"{label(block.measure)}: raising {'; '.join(parts)}."


def _half(row: Row) -> float | None:
    if row.get("ci_low") is None or row.get("ci_high") is None:
        return None
    return float(row["ci_high"] - row["ci_low"]) / 2


def _few(factors: Sequence[_Factor]) -> str:
    """Name two factors, and say how many more there are."""
    more = len(factors) - _NAMED_FEW
    words = [one.words for one in factors[:_NAMED_FEW]]
    return _and([*words, f"{more} more"] if more > 0 else words)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

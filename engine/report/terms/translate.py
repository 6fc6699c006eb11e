"""What the page says in another language, by a glossary of whole texts and of patterns.

A pattern has `{}` where something is filled in, `{#}` where a number is, `{a}` where a few words
without a comma are, and `{w}` where one word is: `{#} of {} worlds`. What stands for it has `{}` or
the place, `{2}`, and `{×10}` or `{2×10}` where the numbers of what was filled in are ten times as
large, since 1 bn RMB is 10 亿元.
What was filled in is looked up again by itself, so that a policy's words inside a sentence are
translated too. A paragraph that has no entry of its own is looked up sentence by sentence.

The glossary of a language are the files whose names begin with it: `zh.yaml`, `zh_long.yaml`.
"""

import re
import textwrap
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

_HERE: Final = Path(__file__).parent
_GAPS: Final = {"{}": "(.+?)", "{#}": r"([−+\d.,%±<–\s-]+?)", "{a}": "([^,()]+?)", "{w}": r"(\S+)"}
"""What may be filled in: anything; a number with its sign, interval and per cent; words; a word."""

_GAP: Final = re.compile(r"\{(\d?)(?:×(10+))?\}")
"""Where what stands for a pattern has something filled in, and how many times as large."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[A-Z“{\d])")

_KEY: Final = re.compile(r"[a-z0-9_.@+]+")
"""A key of the config, which is typed as it is."""

_NAMED: Final = re.compile(r"\S+(?: \([^)]*\))?")
"""A name, with or without something in brackets."""

_LISTS: Final = tuple(
    (re.compile(rf"{end}(?![^(]*\))"), mark)
    for end, mark in (("; ", "；"), (", (?:and )?", "、"), (" and ", "和"))
)
"""What parts the members of a list, outside of brackets, and what stands for it."""

_BN: Final = "bn RMB"
_TIMES: Final = {"zh": 10}
"""How many of a language's own unit 1 bn RMB is, where that is another: 10 亿元."""

_AMOUNT: Final = re.compile(
    r"(?<![A-Za-z0-9_.,])(?<![A-Z][a-z]{2}\s)(\d[\d,]*(?:\.\d+)?)(?!\d|\.\d|\s?%|\s[A-Z][a-z]{2}\b)"
)
"""A number within a text that is no per cent, no part of a name and of no date, as 1 Jun 2020."""

_LABEL: Final = "format({} * datum.value, ',~g')"
"""Of an axis in the language's own unit, whose data are in bn RMB."""

_NARROWER: Final = 0.6
"""Width of a letter, in that of a Chinese character."""

_MOST: Final = 6
"""Texts within texts that are looked up."""

_LATIN_END: Final = re.compile("[A-Za-z]$")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
"""Between Latin letters and Chinese characters stands a space."""

_YUAN: Final = re.compile(" ?元(?P<next>[\u4e00-\u9fff]?)")


class Terms:
    """Translates texts, and keeps those for which the glossary has none.

    Parameters
    ----------
    language : `en`, in which everything is written, or the name of a glossary beside this file.
    currency : of the scenario, which stands for the yuan of the glossary.
    """

    def __init__(self, language: str, currency: str = "RMB") -> None:
        self.language = language
        self.missing: set[str] = set()
        self._exact, self._patterns = ({}, ()) if language == "en" else _glossary(language)
        if currency != "RMB":
            self._exact = {text: _in(currency, told) for text, told in self._exact.items()}
            self._patterns = tuple(
                one._replace(template=_in(currency, one.template)) for one in self._patterns
            )
        self._times = _TIMES.get(language, 1)

    def __call__(self, text: str) -> str:
        """Translate a text that the glossary should know; one that it does not know stays."""
        found = self.softly(text)
        if self.language != "en" and found == text and re.search("[A-Za-z]{2}", text):
            self.missing.add(text)
        return found

    def softly(self, text: str, depth: int = 0) -> str:
        """Translate a text if the glossary knows it: names of users' things need not be there."""
        if self.language == "en" or not text:
            return text
        plain = text.replace("\N{NO-BREAK SPACE}", " ")
        if plain in self._exact:
            return self._exact[plain]
        other = plain[0].swapcase() + plain[1:]
        if depth and other in self._exact:
            return self._exact[other]  # a name inside a sentence, or at its head
        if depth >= _MOST:
            return text
        pieces = _SENTENCE_END.split(plain)
        found = self._matched(plain, depth, len(pieces) - 1)
        if found is None and len(pieces) > 1:
            found = "".join(self.softly(piece, depth + 1) for piece in pieces)
        return found or self._listed(plain, depth) or text

    def _listed(self, plain: str, depth: int) -> str | None:
        """Translate the members of a list one by one; None where the glossary knows none."""
        for end, mark in _LISTS:
            members = end.split(plain)
            found = [self.softly(one, depth + 1) for one in members] if len(members) > 1 else []
            names_alone = depth > 0 and all(_NAMED.fullmatch(one) for one in members)
            if found and (found != members or names_alone):
                return mark.join(found)
        return None

    def _matched(self, plain: str, depth: int, breaks: int) -> str | None:
        """Translate a text by the first pattern with as many ends of sentences that fits it.

        One made of punctuation alone, as `{}: {}`, counts where the glossary knows some part. What
        is filled in begins no bracket that it does not end.
        """
        for pattern, template, own_breaks, has_words in self._patterns:
            if own_breaks == breaks and (match := pattern.fullmatch(plain)):
                whole = match.groups()
                if not all(map(_has_whole_brackets, whole)):
                    continue
                parts = [self.softly(part, depth + 1) for part in whole]
                if has_words or any(a != b for a, b in zip(parts, whole, strict=True)):
                    return _filled(template, parts)
        return None

    def amounts(self, text: str, of: str) -> str:
        """Translate a text whose numbers are in a unit that stands elsewhere.

        Parameters
        ----------
        text : what a cell holds; one that names the unit itself is translated as it is.
        of : the unit, or a text that holds it, in English.
        """
        found = self.softly(text)
        return _times(found, self._times) if _BN in of and _BN not in text else found

    def spec(self, tree: Any) -> Any:
        """Translate what a reader sees of a picture's specification."""
        if isinstance(tree, list):
            return [self.spec(one) for one in tree]
        if not isinstance(tree, Mapping):
            return tree
        found = {key: self._entry(key, value) for key, value in tree.items()}
        if self._times != 1 and "field" in tree and _BN in str(tree.get("title")):
            found["axis"] = (found.get("axis") or {}) | {"labelExpr": _LABEL.format(self._times)}
        return found

    def _entry(self, key: str, value: Any) -> Any:
        if key == "title" and isinstance(value, str):
            return self.softly(value) if _KEY.fullmatch(value) else self(value)
        if key in _SEEN and isinstance(value, str):
            return self._row(value)
        if key in {"domain", "sort"} and isinstance(value, list):
            return [self._row(one) if isinstance(one, str) else one for one in value]
        return self.spec(value)

    def _row(self, value: str) -> str:
        """Translate a row's name, which may be broken into lines."""
        found = self.softly(value.replace("|", " "))
        return value if found == value.replace("|", " ") else _broken(found, value.split("|"))


_SEEN: Final = frozenset({"name", "series", "kind", "told", "part", "tip"})
"""Columns of a picture's data that a reader sees."""


def _broken(text: str, lines: list[str]) -> str:
    """Break a row's name into lines no longer than the English ones, a letter of which is narrower.

    It takes no more lines than those, for which the picture has room.
    """
    width = max(round(_NARROWER * max(map(len, lines))), 1)
    found = textwrap.wrap(text, width)
    while len(found) > len(lines):
        width += 1
        found = textwrap.wrap(text, width)
    return "|".join(found)


def _has_whole_brackets(part: str) -> bool:
    """Whether every bracket that begins in a text ends there, and the other way round."""
    depth = 0
    for mark in part:
        depth += (mark == "(") - (mark == ")")
        if depth < 0:
            return False
    return depth == 0


def _filled(template: str, parts: list[str]) -> str:
    """Fill what was found into a template: `{}` in its order, or `{1}` by its place.

    `{×10}` and `{1×10}` take it with its numbers so many times as large.
    """
    numbers = iter(range(1, len(parts) + 1))

    def part(gap: re.Match[str]) -> str:
        found = parts[int(gap[1] or next(numbers)) - 1]
        found = _times(found, int(gap[2])) if gap[2] else found
        is_apart = _LATIN_END.search(found) and _CHINESE.match(template, gap.end())
        return f"{found} " if is_apart else found

    return _GAP.sub(part, template)


def _times(text: str, factor: int) -> str:
    """Multiply the numbers within a text, exactly: `−2.9 (1 Jun)` by 10 is `−29 (1 Jun)`.

    `factor` is 1, 10, 100 …
    """
    if factor == 1:
        return text

    def larger(found: re.Match[str]) -> str:
        return f"{Decimal(found[1].replace(',', '')).scaleb(len(str(factor)) - 1):,f}"

    return _AMOUNT.sub(larger, text)


class _Entry(NamedTuple):
    """A pattern and what stands for it; how many sentences end in it, and whether it has words."""

    pattern: re.Pattern[str]
    template: str
    breaks: int
    has_words: bool


def _in(currency: str, told: str) -> str:
    """Return a text of the glossary with another currency: `亿 USD` for `亿元`."""
    return _YUAN.sub(lambda at: f" {currency}" + (f" {at['next']}" if at["next"] else ""), told)


@cache
def _glossary(language: str) -> tuple[dict[str, str], tuple[_Entry, ...]]:
    """Read a glossary: whole texts, and patterns, those with words first and the longest first.

    Raises
    ------
    ValueError
        If two files have one text.
    """
    read: dict[str, str] = {}
    for path in sorted(_HERE.glob(f"{language}*.yaml")):
        own: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if twice := read.keys() & own.keys():
            raise ValueError(f"{path.name} repeats {sorted(twice)}")
        read |= own
    gaps = sorted((key for key in read if "{" in key), key=_rank)
    exact = {key: value for key, value in read.items() if "{" not in key}
    return exact, tuple(
        _Entry(_pattern(key), read[key], len(_SENTENCE_END.findall(key)), _has_words(key))
        for key in gaps
    )


def _rank(key: str) -> tuple[bool, int]:
    return not _has_words(key), -len(key)


def _has_words(key: str) -> bool:
    """Whether a pattern has words of its own, and not punctuation and `and` alone."""
    return re.search("[A-Za-z%]", re.sub(r"\{[#aw]?\}|\band\b", "", key)) is not None


def _pattern(key: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[#aw]?\})", key)
    made = (_GAPS.get(part) or re.escape(part) for part in parts)
    return re.compile("".join(made), re.DOTALL)

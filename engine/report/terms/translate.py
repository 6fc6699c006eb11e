"""What the page says in another language, by a glossary of whole texts and of patterns.

A pattern has `{}` where something is filled in, `{#}` where a number is, and `{a}` where a few
words without a comma are: `{#} of {} worlds`.
What was filled in is looked up again by itself, so that a policy's words inside a sentence are
translated too.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_HERE: Final = Path(__file__).parent
_GAPS: Final = {"{}": "(.+?)", "{#}": r"([−+\d.,%±–\s-]+?)", "{a}": "([^,()]+?)"}
"""What may be filled in: anything; a number with its sign, interval and per cent; a few words."""

_MOST: Final = 6
"""Texts within texts that are looked up."""


class Terms:
    """Translates texts, and keeps those for which the glossary has none.

    Parameters
    ----------
    language : `en`, in which everything is written, or the name of a glossary beside this file.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.missing: set[str] = set()
        self._exact, self._patterns = ({}, ()) if language == "en" else _glossary(language)

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
        for pattern, template in self._patterns if depth < _MOST else ():
            if match := pattern.fullmatch(plain):
                parts = [self.softly(part, depth + 1) for part in match.groups()]
                return _filled(template, parts)
        return text

    def spec(self, tree: Any) -> Any:
        """Translate what a reader sees of a picture's specification."""
        if isinstance(tree, list):
            return [self.spec(one) for one in tree]
        if not isinstance(tree, Mapping):
            return tree
        return {key: self._entry(key, value) for key, value in tree.items()}

    def _entry(self, key: str, value: Any) -> Any:
        if key == "title" and isinstance(value, str):
            return self(value)
        if key in _SEEN and isinstance(value, str):
            return self._row(value)
        if key in {"domain", "sort"} and isinstance(value, list):
            return [self._row(one) if isinstance(one, str) else one for one in value]
        return self.spec(value)

    def _row(self, value: str) -> str:
        """Translate a row's name, which may be broken into lines."""
        found = self.softly(value.replace("|", " "))
        return value if found == value.replace("|", " ") else found


_SEEN: Final = frozenset({"name", "series", "kind", "told", "part", "tip"})
"""Columns of a picture's data that a reader sees."""


def _filled(template: str, parts: list[str]) -> str:
    """Fill what was found into a template: `{}` in its order, or `{1}` by its place."""
    numbers = iter(range(1, len(parts) + 1))
    marked = re.sub(r"\{\}", lambda _: f"{{{next(numbers)}}}", template)
    return re.sub(r"\{(\d)\}", lambda match: parts[int(match[1]) - 1], marked)


@cache
def _glossary(language: str) -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Read a glossary: whole texts, and patterns, the longest first."""
    read: dict[str, str] = yaml.safe_load((_HERE / f"{language}.yaml").read_text(encoding="utf-8"))
    gaps = sorted((key for key in read if "{" in key), key=lambda key: -len(key))
    exact = {key: value for key, value in read.items() if "{" not in key}
    return exact, tuple((_pattern(key), read[key]) for key in gaps)


def _pattern(key: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[#a]?\})", key)
    made = (_GAPS.get(part) or re.escape(part) for part in parts)
    return re.compile("".join(made), re.DOTALL)

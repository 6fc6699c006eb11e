"""What is shown, in the scenario's currency and in a user's own words."""

import re
from collections.abc import Mapping
from typing import Final

_RMB: Final = re.compile(r"\bRMB\b")


def in_currency(text: str, currency: str) -> str:
    """Return what is shown with the scenario's currency, where this package's words say RMB."""
    return _RMB.sub(lambda _: currency, text) if currency != "RMB" else text


def in_words(text: str, currency: str, words: Mapping[str, str]) -> str:
    """Return what is shown in the scenario's currency and words; the longest phrases first."""
    text = in_currency(text, currency)
    if not words:
        return text
    known = sorted(words, key=len, reverse=True)
    found = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in known))
    return found.sub(lambda at: words[at[0]], text)

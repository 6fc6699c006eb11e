"""A page in the words of its scenario: what people read of it, never its markup, script or code."""

import re
from collections.abc import Mapping
from typing import Final

from markupsafe import escape

from engine.spec.limits import in_currency, in_words

_PIECES: Final = re.compile(r"<(script|style|pre|code)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
"""What is left as it is (a part with its content, a tag), or text."""


def page_in_words(page: str, currency: str, words: Mapping[str, str]) -> str:
    """Return a page with the scenario's currency throughout, and its words in all texts."""
    page = in_currency(page, currency)
    if not words:
        return page
    escaped = {str(escape(ours)): str(escape(theirs)) for ours, theirs in words.items()}

    def said(piece: re.Match[str]) -> str:
        text = piece[0]
        return text if text.startswith("<") else in_words(text, "RMB", escaped)

    return _PIECES.sub(said, page)

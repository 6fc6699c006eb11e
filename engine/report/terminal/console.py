"""The terminal on which results are shown: names as they are typed, amounts in their currency."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from engine.spec.words import in_words


class ResultsConsole(Console):
    """A console that takes no text for markup and speaks in the scenario's currency and words.

    Parameters
    ----------
    currency : of the scenario; the words of tables say RMB.
    words : of the scenario, in place of this package's.
    """

    def __init__(
        self, currency: str, words: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        super().__init__(markup=False, emoji=False, **settings)
        self._currency, self._words = currency, words or {}

    def render_str(self, text: str, **settings: Any) -> Text:
        """Return text as it is shown."""
        return super().render_str(in_words(text, self._currency, self._words), **settings)

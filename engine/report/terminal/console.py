"""The terminal on which results are shown: names as they are typed, amounts in their currency."""

from typing import Any

from rich.console import Console
from rich.text import Text

from engine.spec.limits import in_currency


class ResultsConsole(Console):
    """A console that takes no text for markup and names the scenario's currency.

    Parameters
    ----------
    currency : of the scenario; the words of tables say RMB.
    """

    def __init__(self, currency: str, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, **settings)
        self._currency = currency

    def render_str(self, text: str, **settings: Any) -> Text:
        """Return text as it is shown."""
        return super().render_str(in_currency(text, self._currency), **settings)

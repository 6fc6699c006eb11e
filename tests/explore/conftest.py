"""Commands as a user types them: fixtures of `tests.commands`."""

from tests.commands.conftest import market_of, place, type_in

__all__ = ["market_of", "place", "type_in"]

"""Commands as a user types them."""

from tests.commands.conftest import place, type_in

__all__ = ["place", "type_in"]

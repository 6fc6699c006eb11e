"""Tests on real nodes leave no process behind, however they end."""

from collections.abc import Iterator

import pytest

from tests.cluster.nodes import end_commands


@pytest.fixture(autouse=True)
def commands_ended() -> Iterator[None]:
    """End the commands that the test has started and left."""
    yield
    end_commands()

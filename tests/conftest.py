"""What all tests share: none is judged by its seconds, and none pays for what another has paid."""

import atexit

from hypothesis import settings

import experiments  # noqa: F401  # before NumPy, as in a command: it says how many threads
from tests import parsed_once
from tests.schedule import (
    pytest_collection_modifyitems,
    pytest_sessionstart,
    pytest_xdist_make_scheduler,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_sessionstart",
    "pytest_xdist_make_scheduler",
]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
parsed_once.install()


def pytest_unconfigure() -> None:
    """Let tests end as Python does: at once, DuckDB would list what is left of it."""
    from experiments._app import leave_at_once

    atexit.unregister(leave_at_once)

"""How far long runs on Ray are, by the day.

A run that lasts longer than a few seconds writes now and then on which day it stands into the
key-value store of Ray's head, and the driver reads that while nothing else comes: short runs write
nothing, no process is started for it, and no result depends on it. A run that ends removes what it
wrote, the driver what killed runs left.
"""

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final

_SPACE: Final = "poquan-days"
"""The namespace of the store."""

_MOST: Final = 16
"""Of more runs than that it is not read on which day each stands."""


class DayBoard:
    """What the driver reads, and the workers write through `teller`."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self._is_empty = True

    def furthest(self, tickets: Iterable[int]) -> tuple[int, int] | None:
        """Return how many days the run that is furthest has simulated, and of how many.

        Parameters
        ----------
        tickets : of the runs that are under way; None is returned if none of them has told.
        """
        from ray.experimental.internal_kv import _internal_kv_get

        keys = [_key(self.name, ticket) for ticket in islice(tickets, _MOST)]
        values = []
        with suppress(Exception):  # a head that is gone is found out elsewhere
            values = [_internal_kv_get(key, namespace=_SPACE) for key in keys]
        days = [(int(done), int(total)) for done, total in (one.split() for one in values if one)]
        self._is_empty &= not days
        return max(days, default=None)

    def remove(self) -> None:
        """Remove what the runs have written, if any was read."""
        if self._is_empty:
            return
        from ray.experimental.internal_kv import _internal_kv_del

        with suppress(Exception):  # whatever it is, a few bytes are left
            _internal_kv_del(self.name, del_by_prefix=True, namespace=_SPACE)


def teller(name: str, ticket: int) -> Callable[[int, int], None]:
    """Return what tells on a worker how many days of a run are done, and of how many.

    Parameters
    ----------
    name : of the driver's board.
    ticket : of the run.
    """
    return partial(_write, _key(name, ticket))


def _key(name: str, ticket: int) -> str:
    return f"{name}-{ticket}"


def _write(key: str, done: int, total: int) -> None:
    from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_put

    with suppress(Exception):  # whatever it is, the run goes on without a word
        if done == total:  # who has read nothing by then has nothing to remove
            _internal_kv_del(key, namespace=_SPACE)
        else:
            _internal_kv_put(key, f"{done} {total}", namespace=_SPACE)

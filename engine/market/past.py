"""Pasts that policies share: each is simulated once a process, and gone on from in copies.

What happens before a decision is the same whatever is decided. A past is the market on the
morning of the decision; it is a function of (scenario, history, scale, world seed, run seed,
own tables, that morning), and by all of these it is found again: compared by value, so that no
other past can be taken for it. How many threads made it changes no bit.

Of a loop over more pasts than fit, a store that gave up the oldest would keep none until its
turn comes; what has to go is picked by a count instead, so that of n pasts the m that fit are
found in about m of n cases.
"""

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from engine.case import Case
from engine.market.ledger.results import ReportStart
from engine.market.state import State
from engine.spec.jobs import Scale
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.tables import OwnTables

MOST_BYTES: Final = 256 * 2**20
"""Of all pasts that a process keeps: about a hundred of 20,000 buyers."""

_STRIDE: Final = 0x9E3779B1
"""A prime near 2^32 / golden ratio: its multiples spread evenly (Knuth, TAOCP 3, 6.4)."""


class Past(NamedTuple):
    """The market on the morning of a decision, and what the report begins from."""

    state: State
    start: ReportStart


class _Made(NamedTuple):
    """All that a past is made from; what tells most pasts apart stands first."""

    run_seed: int
    world_seed: int
    until: date
    scale: Scale
    history: Policy
    scenario: Scenario
    tables: OwnTables


class KeptPasts:
    """Pasts of this process, of `most_bytes` together at most; not for several threads at once."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: list[tuple[_Made, Past, int]] = []
        self._dropped_count = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of all arrays that are kept."""
        return sum(size for _, _, size in self._kept)

    def of(self, case: Case, simulated: Callable[[], Past]) -> Past:
        """Return the past of a case with a history, its state a copy that may be changed.

        Parameters
        ----------
        case
            Whose past is meant.
        simulated
            Simulates it; called if it is not kept.
        """
        assert case.history is not None
        made = _Made(
            run_seed=case.run_seed,
            world_seed=case.world_seed,
            until=case.decided_on,
            scale=case.scale,
            history=case.history,
            scenario=case.scenario,
            tables=case.tables,
        )
        past = next((past for own, past, _ in self._kept if own == made), None)
        if past is None:
            past = simulated()
            self._keep(made, past)
        return past._replace(state=past.state.copy())

    def _keep(self, made: _Made, past: Past) -> None:
        size = bytes_of(past.state)
        if size > self._most_bytes:
            return
        while self.held_bytes + size > self._most_bytes:
            self._dropped_count += 1
            del self._kept[self._dropped_count * _STRIDE % len(self._kept)]
        self._kept.append((made, past, size))


def bytes_of(state: State) -> int:
    """Bytes of a state's arrays, room for days to come among them."""
    owners = (array if array.base is None else array.base for array in state.arrays().values())
    return sum({id(owner): int(owner.nbytes) for owner in owners}.values())

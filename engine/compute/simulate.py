"""One case, wherever it runs: a year, or the reason why there is none."""

import traceback

from engine.compute.pool import Failure, Simulate
from engine.errors import InputError
from engine.year import Case, Year


def simulate(case: Case) -> Year:
    """Simulate one year by the engine."""
    from engine.market.run import simulate_year  # compiles: --help must not wait for it

    return simulate_year(case)


def warm_up_if_cold(case: Case) -> None:
    """Compile what `case` needs if nothing is compiled yet: quicker than as it comes."""
    from engine.warmup import is_cold, warm_up

    if is_cold():
        warm_up(case)


def attempt(case: Case, year_of: Simulate = simulate) -> Year | Failure:
    """Simulate one year; an exception becomes a `Failure`, so that others go on.

    Running out of memory, or a disk that fails, is no fault of the case and passes through.
    """
    try:
        return year_of(case)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the others go on
        name = f"{case.policy.name}, world {case.world}, replication {case.replication}"
        reason = f"{type(error).__name__}: {error}"
        refusal = None
        if isinstance(error, InputError):
            refusal = (error.where, error.what, error.allowed, error.remedy)
        return Failure(name, reason, traceback.format_exc(), refusal)

"""The cumulative GMV target of each day (M14), from knots and dated revisions.

    T(t) = G * S(t);  after a revision to G' on day d:
    T(t) = T(d) + (G' - T(d)) * (S(t) - S(d)) / (1 - S(d))

S is piecewise linear through the policy's knots, which stand at equal distances with the
last on the last day.
"""

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.spec.calendar import Calendar
from engine.spec.policy import Policy
from engine.units import FEN_PER_BN_RMB


def target_path(policy: Policy, calendar: Calendar) -> NDArray[np.float64]:
    """Cumulative target at the end of each day in fen, shape (days,); zeros without a target.

    Raises InputError where a revision lies below what the target has already reached.
    """
    target, n = policy.target, calendar.n_days
    grid = np.linspace(0.0, n, len(target.knots) + 1)
    shape = np.interp(np.arange(1, n + 1), grid, (0.0, *target.knots))
    path = target.year_end_bn_rmb * shape
    for revision in target.revisions:
        day = (revision.day - calendar.start).days
        if not 0 <= day < n:
            continue
        reached = path[day - 1] if day > 0 else 0.0
        passed = shape[day - 1] if day > 0 else 0.0
        if revision.year_end_bn_rmb < reached:
            raise InputError(
                "policy.target.revisions",
                f"{revision.year_end_bn_rmb:g} bn RMB on {revision.day} lies below the "
                f"{reached:g} bn that the target has reached by then, so it would fall over time",
                f"at least {reached:g} bn RMB",
                "raise the revision, date it earlier, or lower the first target",
            )
        if passed >= 1.0:
            raise InputError(
                "policy.target.revisions",
                f"on {revision.day} the knots have reached 1, so a new target has no days left",
                "a day before the knots reach 1",
                "date the revision earlier, or let policy.target.knots rise until the end",
            )
        left = (shape[day:] - passed) / max(1.0 - passed, 1e-12)
        path[day:] = reached + (revision.year_end_bn_rmb - reached) * left
    return np.asarray(path * FEN_PER_BN_RMB)

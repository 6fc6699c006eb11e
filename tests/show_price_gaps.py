"""`python -m tests.show_price_gaps`: how far price rows lie above a least cost that is known.

For the efforts laptop and thorough, twelve seeds each: by six the settings were chosen, six had no
say in them. Twenty minutes or more.
"""

import numpy as np

from engine.decision.price_table import price_table
from tests.search.target_problem import TODAY, cheapest_costs, cost, priced, search_of_effort

TARGETS = (250.0, 255.0, 260.0, 265.0, 270.0)
"""bn RMB."""

CHOSEN, UNSEEN = range(1, 7), range(7, 13)
"""Seeds by which the search's settings were chosen, and others."""


def gaps(effort: str, seed: int, targets: tuple[float, ...] = TARGETS) -> list[float]:
    """Return by how much each row's policy costs more than the cheapest, as a share of that."""
    found = priced(search_of_effort(effort), seed, targets)
    made, today, asked = found.confirmed()
    best = cheapest_costs(np.array([found.needed(target) for target in targets])) - cost(TODAY)
    points = {one.candidate.name: one.candidate.point for one in found.study.trials}
    rows = price_table(made, today, targets, asked)
    assert all(row.policy is not None for row in rows)
    paid = [cost(points[str(row.policy)] or {}) - cost(TODAY) for row in rows]
    return [own / float(least) - 1 for own, least in zip(paid, best, strict=True)]


if __name__ == "__main__":
    for effort in ("laptop", "thorough"):
        for seed in (*CHOSEN, *UNSEEN):
            shown = ", ".join(f"{gap:+.1%}" for gap in gaps(effort, seed))
            print(f"{effort}, seed {seed}: {shown}", flush=True)

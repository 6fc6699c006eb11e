"""Published sales as the worlds of an answer show them: `python -m tests.show_worlds FOLDER`.

The folder is what `experiments.optimize` left. GMV at list price of today's policy, worlds weighted
as in the answer, and the least and most of any world; what was published after the decision too.
"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from engine.results import read_table
from engine.units import FEN_PER_BN_RMB
from tests.worlds import CONF

_PERIODS = {
    "Q1 2020": (date(2020, 1, 1), date(2020, 3, 31)),
    "Q2 2020": (date(2020, 4, 1), date(2020, 6, 30)),
    "H1 2020": (date(2020, 1, 1), date(2020, 6, 30)),
    "Q3 2020": (date(2020, 7, 1), date(2020, 9, 30)),
}


def sales(folder: Path, policy: str = "today") -> Iterator[tuple[str, float, float, float]]:
    """Yield a period, its weighted mean over worlds, and the least and most of them, bn RMB."""
    days = read_table(folder, "daily").to_pandas()
    days = days[days.policy == policy]
    weights = {one["world"]: one["weight"] for one in read_table(folder, "weights").to_pylist()}
    for name, (first, last) in _PERIODS.items():
        within = days[(days.date >= first) & (days.date <= last)]
        runs = within.groupby(["world", "replication"]).gmv_fen.sum() / FEN_PER_BN_RMB
        means = runs.groupby("world").mean()
        mean = np.average(means, weights=[weights[world] for world in means.index])
        yield name, float(mean), float(means.min()), float(means.max())


def main(folder: Path) -> None:
    """Print a line a period."""
    figures = pd.read_csv(CONF / "observed" / "kuaishou_2020.csv")
    known = figures[figures.key == "gmv"].set_index("period").value.astype(float)
    for name, mean, least, most in sales(folder):
        print(
            f"{name}: {known[name]:g} published, {mean:.1f} simulated ({least:.1f} to {most:.1f})"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Amounts by kind of goods, city tier and traffic domain, and how much each run counts in means."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from engine.results.schemas import Row

_RUN: Final = ["policy", "world", "replication", "seed"]


def segment_means(table: pa.Table | None, worlds: Sequence[Row]) -> list[Row]:
    """Add up the days of `segments` by policy, kind, tier and domain, as means of a run.

    Means of worlds are weighed by `worlds`; where there are no such rows all runs count alike.
    """
    if table is None:
        return []
    keys = ["policy", "kind", "tier", "domain"]
    amounts = [name for name in table.column_names if name.endswith(("_fen", "_count"))]
    runs = table.group_by(_RUN, use_threads=False).aggregate([]).to_pylist()
    shares = run_shares(runs, worlds)
    summed = table.group_by([*keys, "world"], use_threads=False).aggregate(
        [(name, "sum") for name in amounts]
    )
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for row in summed.to_pylist():
        cell = found.setdefault(tuple(row[key] for key in keys), dict.fromkeys(amounts, 0.0))
        for name in amounts:
            cell[name] += row[f"{name}_sum"] * shares[row["policy"], row["world"]]
    return [dict(zip(keys, own, strict=True)) | cell for own, cell in found.items()]


def run_shares(runs: Sequence[Row], worlds: Sequence[Row]) -> dict[tuple[str, str], float]:
    """Return by policy and world how much one run counts; those of a policy add up to 1.

    Parameters
    ----------
    runs : rows with `policy` and `world`, one a run.
    worlds : rows of `worlds`, whose weights count; none: all runs alike.
    """
    counts = Counter((row["policy"], row["world"]) for row in runs)
    weights = {row["world"]: row["weight"] for row in worlds}
    whole: dict[str, float] = {}
    for (policy, world), count in counts.items():
        whole[policy] = whole.get(policy, 0.0) + (weights.get(world, 0.0) if weights else count)
    return {
        (policy, world): (weights.get(world, 0.0) / count if weights else 1.0)
        / (whole[policy] or 1.0)
        for (policy, world), count in counts.items()
    }

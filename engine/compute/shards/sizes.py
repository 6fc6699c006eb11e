"""How many shards a market takes, by the memory of the machines."""

import math
from collections.abc import Sequence
from typing import Final

from engine.compute.machine import BYTES_PER_BUYER, bytes_of_year
from engine.errors import InputError
from engine.spec.jobs import Scale

_MOST: Final = 4096
_GIB: Final = 2**30


def bytes_of_shard(buyers_count: int, count: int, anchors_count: int = 0) -> int:
    """Return what each of `count` shards holds: its part of the buyers, and all anchors."""
    return bytes_of_year(math.ceil(buyers_count / count), anchors_count)


def shards_count(scale: Scale, nodes: Sequence[int]) -> int:
    """Return the shards that are asked for; `auto` takes as few as the memory of the nodes bears.

    Parameters
    ----------
    nodes : bytes that each node of the cluster grants.

    Raises
    ------
    InputError
        If `auto` finds no number that fits.
    """
    if scale.shards != "auto":
        return scale.shards
    buyers = scale.buyers_count
    for count in range(1, min(buyers, _MOST) + 1):
        one = bytes_of_shard(buyers, count, scale.anchors_count)
        if sum(node // one for node in nodes) >= count:
            return count
    raise InputError(
        "scale.shards",
        f"auto, but {buyers:,} buyers need {buyers * BYTES_PER_BUYER / _GIB:.1f} GiB, and the "
        f"cluster's {len(nodes)} nodes grant {sum(nodes) / _GIB:.1f} GiB",
        "a cluster with that memory, and half a GiB more for each shard",
        "add nodes, or lower scale.buyers_count",
    )

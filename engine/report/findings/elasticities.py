"""How buyers answer to prices, month by month: means over a policy's runs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

_ELASTICITIES: Final = ("own_elasticity", "kind_elasticity", "market_elasticity")
HEADS: Final = ("Own good", "Kind", "Market")


class _MonthlyElasticities(NamedTuple):
    """A policy's elasticities: by month, as `2020-01`, those of `_ELASTICITIES` in their order."""

    policy: str
    months: list[tuple[str, tuple[float, ...]]]


def elasticities_by_month(monthly: pa.Table | None) -> Sequence[_MonthlyElasticities]:
    """Return every policy's mean elasticities by month; none where no table has them.

    Parameters
    ----------
    monthly : the table `monthly` of one study.
    """
    if monthly is None or not set(_ELASTICITIES) <= set(monthly.column_names):
        return []
    grouped = monthly.group_by(["policy", "month"], use_threads=False).aggregate(
        [(name, "mean") for name in _ELASTICITIES]
    )
    found: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for row in sorted(grouped.to_pylist(), key=lambda row: row["month"]):
        values = tuple(row[f"{name}_mean"] for name in _ELASTICITIES)
        found.setdefault(row["policy"], []).append((row["month"].isoformat()[:7], values))
    order = dict.fromkeys(monthly["policy"].to_pylist())
    return [_MonthlyElasticities(policy, found[policy]) for policy in order]


SAID: Final = (
    "Change of sales per change of prices, both in logs: of one good, of a kind and of the whole"
    " market. Memories, habits, wallets and sellers' prices stand still."
)

"""How much the answer depends on the world: what policies bring in each plausible one."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.compare import INCREMENTAL
from engine.report.formatting import NONE, show_change, signed
from engine.results.schemas import Row

_SURE: Final = 0.9
"""P(reach the goal) from which a policy counts as reaching it."""


class _Answer(NamedTuple):
    """What one world says.

    `returns` are RMB of GMV as paid per RMB of own coupons, by policy, with their interval;
    `changes` differences in GMV as paid, fen; `best` is the policy that earns most among
    those that reach the goal for sure, empty if none does.
    """

    world: str
    returns: dict[str, tuple[float, float | None, float | None]]
    changes: dict[str, float]
    best: str

    def return_text(self, policy: str) -> str:
        """Write what a RMB of own coupons brings in this world, with its interval."""
        if policy not in self.returns:
            return NONE
        value, low, high = self.returns[policy]
        if low is None or high is None:
            return signed(value, 2)
        return f"{signed(value, 2)} ({signed(low, 2)} … {signed(high, 2)})"

    def change_text(self, policy: str) -> str:
        """Write what a policy changes in GMV as paid in this world."""
        return show_change("gmv_paid_fen", self.changes[policy])


def read_answers(rows: Sequence[Row]) -> list[_Answer]:
    """Sum up the rows of `answers`, world by world."""
    return [
        _answer(world, [row for row in rows if row["world"] == world])
        for world in dict.fromkeys(row["world"] for row in rows)
    ]


def across_sentences(rows: Sequence[Row]) -> list[str]:
    """Say how far the plausible worlds agree on what a coupon returns, and on what is best."""
    found = read_answers(rows)
    if not found:
        return []
    baseline = rows[0]["baseline"]
    return [*_returns(found, baseline), _best(found)]


def _answer(world: str, rows: Sequence[Row]) -> _Answer:
    cells = {(row["policy"], row["measure"]): row for row in rows}
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    incremental = {name: cells[name, INCREMENTAL] for name in policies}
    return _Answer(
        world=world,
        returns={
            name: (row["difference"], row["ci_low"], row["ci_high"])
            for name, row in incremental.items()
            if row["difference"] is not None
        },
        changes={name: cells[name, "gmv_paid_fen"]["difference"] for name in policies},
        best=_earns_most(cells, policies, rows[0]["baseline"]),
    )


def _earns_most(cells: dict[tuple[str, str], Row], policies: list[str], baseline: str) -> str:
    """Return the policy that earns most of those that reach the goal; the baseline is one."""
    reached, earned = (
        {name: cells[name, measure]["mean"] for name in policies}
        | {baseline: cells[policies[0], measure]["baseline_mean"]}
        for measure in ("target_attained", "platform_contribution_fen")
    )
    sure = [name for name, share in reached.items() if share >= _SURE]
    return max(sure, key=earned.__getitem__, default="")


def _returns(found: Sequence[_Answer], baseline: str) -> list[str]:
    sentences = []
    for name in found[0].returns:
        worlds = sorted(
            (one for one in found if name in one.returns), key=lambda one: one.returns[name][0]
        )
        least, most = worlds[0], worlds[-1]
        sentences.append(
            f"Against {baseline}, a RMB of own coupons under {name} brings"
            f" {least.return_text(name)} RMB of GMV as paid in {least.world}, which says least of"
            f" {len(worlds)} worlds, and {most.return_text(name)} in {most.world}, which says most"
            " (95 % intervals)."
        )
    return sentences


def _best(found: Sequence[_Answer]) -> str:
    counts = Counter(one.best or "none" for one in found).most_common()
    parts = ", ".join(f"{name} in {count} of {len(found)} worlds" for name, count in counts)
    return f"Of these policies, the one that reaches the goal and earns the platform most: {parts}."

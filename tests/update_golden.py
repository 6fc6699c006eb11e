"""Pin the golden runs anew: `python -m tests.update_golden`, after a change meant to do so."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from engine.market.run import simulate
from tests.worlds import case

FILE = Path(__file__).with_name("golden.json")

RUNS = {
    "status quo, 70 days": (("policy=h1_2020",), 70),
    "coupons that bind, 70 days": (
        ("policy=double_ten_billion", "policy.subsidy.budget_bn_rmb=1"),
        70,
    ),
    "status quo, the year": (("policy=h1_2020",), 366),
    "ten billion twice, the year": (("policy=double_ten_billion",), 366),
    "every lever, the year": (("policy=all_levers",), 366),
}
"""What to override, and the days of the horizon."""


@cache
def golden_runs() -> dict[str, dict[str, Any]]:
    """The runs' measures, without their wall time."""
    years = {name: simulate(case(*levers, days=days)) for name, (levers, days) in RUNS.items()}
    return {
        name: {k: v for k, v in year.run.items() if k != "wall_s"} for name, year in years.items()
    }


def read_golden() -> dict[str, dict[str, Any]]:
    """What is pinned."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def main() -> None:
    """Write the runs' measures, and say which have changed."""
    before, now = read_golden(), golden_runs()
    for name, run in now.items():
        changed = [k for k, v in run.items() if before.get(name, {}).get(k) != v]
        print(f"{name}: {len(changed)} of {len(run)} measures changed")
    FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

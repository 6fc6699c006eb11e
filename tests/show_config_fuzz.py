"""Bad configs by the thousand, and how each ends: `python -m tests.show_config_fuzz [some]`."""

import pickle
import sys
from collections import Counter
from collections.abc import Iterator

from hydra import initialize_config_dir
from omegaconf import OmegaConf

from engine.config import resolve
from tests.commands.bad_values import BadCase, cases_of, composed, verdict
from tests.configs.test_every_config_loads import CONF, JOBS

SHARED = {"scenario", "scale", "ensemble", "ray", "policy", "history", "seed", "world_seed",
          "replications", "populations_count", "threads", "decision_date"}  # fmt: skip
"""Keys that `simulate` has too: the others are asked for their own alone."""


def outcomes(most: int | None = None) -> Iterator[tuple[BadCase, str]]:
    """Yield every bad override with its verdict; at most so many, spread evenly over all."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for command, job in JOBS.items():
            if command in {"replan", "ablate"}:
                continue
            config = composed(command)
            plain = OmegaConf.masked_copy(config, [str(k) for k in config if k != "hydra"])
            skip = SHARED if command != "simulate" else set()
            stored = pickle.dumps(plain)
            found = list(cases_of(command, job, resolve(plain), skip))
            step = 1 if most is None else max(1, len(found) * len(JOBS) // most)
            for case in found[::step]:
                yield case, verdict(case, stored, job)


def main() -> None:
    """Print how many were refused, and every one that was not."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 3500
    counted: Counter[str] = Counter()
    for case, how in outcomes(most):
        counted[how if how in {"refused", "accepted"} else "traceback"] += 1
        if how != "refused":
            print(f"{case.command} {case.override}: {how}")
    print(
        f"{counted.total():,} bad overrides: "
        + ", ".join(f"{n:,} {how}" for how, n in counted.items())
    )


if __name__ == "__main__":
    main()

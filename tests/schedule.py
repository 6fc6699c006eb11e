"""What is done before the workers of `pytest -n` start, and who of them takes which tests when.

A file goes to one worker, so that a year or a search which its tests share is made once. The tests
of a file in `APART` share nothing that takes long, and go one by one. What is `LONG` begins first,
so that no core waits at the end; then files by the number of their tests.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]

LONG: tuple[str, ...] = (
    "tests/compute/test_sharded_ray.py",
    "tests/market/test_heads.py",
    "tests/market/test_facts.py",
    "tests/calibrate/test_recovery.py",
    "tests/priors/test_figures.py",
    "tests/closed_forms/test_scale_free.py",
    "tests/market/test_own_kinds.py",
    "tests/compute/test_warmup.py",
    "tests/commands/test_config_fuzz.py",
    "tests/properties/test_stress.py",
    "tests/commands/test_at_smoke_scale.py",
    "tests/commands/test_benchmark.py",
    "tests/response/test_shapes.py",
    "tests/search/test_polish.py",
    "tests/configs/test_experiments.py",
    "tests/market/test_credible.py",
)
"""Files with minutes of work; those that stay whole go first."""

APART: tuple[str, ...] = (
    "tests/commands/test_at_smoke_scale.py",
    "tests/commands/test_config_fuzz.py",
    "tests/properties/test_stress.py",
    "tests/response/test_shapes.py",
    "tests/search/test_polish.py",
)
"""Files whose tests may run at the same time as others of their file."""

_WARM_UP = """
from engine.warmup import warm_up
from tests.worlds import case

for threads in (1, 2):
    warm_up(case("policy=double_ten_billion", "policy.subsidy.budget_bn_rmb=1", threads=threads))
"""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Fill an empty compile cache on two cores: workers would each compile everything."""
    from engine.cache import is_cold

    is_worker = hasattr(session.config, "workerinput")
    colds = [is_cold(is_fused=is_fused) for is_fused in (True, False)]
    if not is_worker and session.config.getoption("numprocesses", None) and any(colds):
        subprocess.run([sys.executable, "-c", _WARM_UP], cwd=ROOT, check=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests of a worker in the order in which they are handed out."""
    if hasattr(config, "workerinput"):
        items[:] = in_order(items)


def in_order(items: Sequence[Any]) -> list[Any]:
    """Return tests by their files, what is long first, then by how many a file has."""
    files = [item.nodeid.partition("::")[0] for item in items]
    count, rank = Counter(files), {file: place for place, file in enumerate(LONG)}
    keys = {file: (rank.get(file, len(rank)), -count[file], file) for file in files}
    return [item for _, item in sorted(zip(files, items, strict=True), key=lambda it: keys[it[0]])]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files and single tests, where no other way was asked for."""
    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return _Schedule(config, log)


class _Schedule(LoadScopeScheduling):
    """Hands out files in the order in which they come, and the tests of some one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]

"""The first compile leaves nothing to compile for the processes that come after it."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import case

WARM_UP = """
import pickle, sys
from engine.warmup import warm_up
warm_up(pickle.load(open(sys.argv[1], "rb")))
"""
YEAR = """
import pickle, sys
from engine.market.run import simulate
simulate(pickle.load(open(sys.argv[1], "rb")))
"""


def run(tmp_path: Path, program: str, stored: Path) -> set[Path]:
    """Run a program on an own compile cache; return the files of that cache."""
    script, cache = tmp_path / "program.py", tmp_path / "cache"
    script.write_text(program)
    root = str(Path(__file__).parents[2])
    environ = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": root}
    subprocess.run([sys.executable, str(script), str(stored)], env=environ, check=True)
    return {path for path in cache.rglob("*") if path.suffix in {".nbi", ".nbc"}}


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_a_year_after_the_warm_up_compiles_nothing(threads: int, tmp_path: Path) -> None:
    stored = tmp_path / "case.pickle"
    coupons = ("policy=double_ten_billion", "policy.subsidy.budget_bn_rmb=1")
    stored.write_bytes(pickle.dumps(case(*coupons, days=40, threads=threads)))
    compiled = run(tmp_path, WARM_UP, stored)
    assert compiled
    assert run(tmp_path, YEAR, stored) == compiled


READY = """
import pickle, sys, time
import engine.warmup
from engine.cache import mark_warm
from engine.compute.workers import make_ready

def compile_slowly(case):
    with open(sys.argv[2], "a") as file:
        file.write("compiled\\n")
    time.sleep(2)
    mark_warm(is_fused=case.is_fused)

engine.warmup.warm_up = compile_slowly
make_ready(pickle.load(open(sys.argv[1], "rb")))
"""


def test_of_workers_that_start_together_on_a_node_one_compiles(tmp_path: Path) -> None:
    stored, said = tmp_path / "case.pickle", tmp_path / "said"
    stored.write_bytes(pickle.dumps(case(days=1)))
    root = str(Path(__file__).parents[2])
    environ = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": root}
    words = [sys.executable, "-c", READY, str(stored), str(said)]
    workers = [subprocess.Popen(words, env=environ) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert said.read_text() == "compiled\n"

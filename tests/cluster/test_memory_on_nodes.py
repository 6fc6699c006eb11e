"""Memory on real nodes: asked for, limited, run out of, and too little altogether."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.nodes import Cluster, cluster, run_command

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(1800)]

SMALL = ["scale=smoke", "scenario.calendar.end=2020-01-31"]
GIB = 2**30
ROOM = """
import sys
from engine.compute import open_pool
from engine.spec.jobs import Ray
from tests.compute.test_pools import some_cases
from tests.fakes import simulate_fake

def years(case):
    import time
    time.sleep(1)
    return simulate_fake(case)

limit = float(sys.argv[2]) or None
spec = Ray.model_validate({"backend": "ray", "address": sys.argv[1], "workers_count": None,
                           "retries_count": 0, "memory_gib": limit})
with open_pool(spec, 8, 1.0, years) as pool:
    import ray
    tickets = [pool.submit(case) for case in some_cases(8)]
    least = {}
    for _ in tickets:
        pool.next()
        for name, left in ray.available_resources().items():
            least[name] = min(left, least.get(name, left))
    whole = ray.cluster_resources()
    print(pool.workers_count, *(int(whole[name] - least[name]) for name in ("CPU", "memory")))
"""


def test_no_more_years_at_once_than_the_memory_of_a_node_bears(tmp_path: Path) -> None:
    with cluster(head_cpus=4, memory=int(1.8 * GIB)) as nodes:
        found = {}
        for limit in ("0", "0.6"):
            words = [sys.executable, "-c", ROOM, nodes.address, limit]
            done = subprocess.run(words, env=nodes.env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            found[limit] = [int(word) for word in done.stdout.split()]
        at_once, busy, held = found["0"]
        assert (at_once, busy) == (3, 3)
        assert 3 * 500 * 2**20 < held <= 1.8 * GIB
        assert found["0.6"][:2] == [1, 1]
        status, _, err = _simulate(nodes, tmp_path, "scale.buyers_count=20000000")
        assert status == 1
        assert "ray: a run of 20,000,000 buyers needs about 1.98 GiB" in err
        assert "the largest node grants 1.80 GiB" in err
        assert "add nodes" in err  # no number of shards fits on this one
        assert "scale.shards" not in err
        assert "Traceback" not in err


def test_memory_that_runs_out_is_asked_for_more_of_and_then_told(tmp_path: Path) -> None:
    never_enough = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_memory_usage_threshold": "0.01",
        "RAY_memory_monitor_refresh_ms": "100",
    }
    with cluster(head_cpus=1, env=never_enough) as nodes:
        status, out, err = _simulate(nodes, tmp_path, "ray.retries_count=1")
    assert status == 1
    assert "ray: memory ran out: simulated again (1 of 1), with 1.0 GiB asked for" in err
    assert "ray: memory ran out 2 times over the same run of 2,000 buyers" in err
    assert "scale.buyers_count=1000, ray.workers_count=1, or scale.shards=2" in err
    assert "Traceback" not in out + err
    assert "raylet" not in out + err


def _simulate(nodes: Cluster, place: Path, *words: str) -> tuple[int, str, str]:
    return run_command("simulate", [*SMALL, *nodes.words(), *words], nodes.env, place)

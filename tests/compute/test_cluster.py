"""What an owner of a cluster expects: one code everywhere, words while waiting, no dumps."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.compute import open_pool
from engine.compute.cluster import _RayPool
from engine.compute.watch import ClusterWatch, WithoutRay, _Node
from engine.compute.workers import Code, Refusal
from engine.errors import ClusterError
from tests.cluster.nodes import Cluster, cluster, is_gone, start_command
from tests.compute.test_pools import some_cases, spec
from tests.fakes import simulate_fake

ROOT = Path(__file__).resolve().parents[2]
OTHER = Code.own()._replace(sources="another")


def test_who_runs_the_same_code_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.compute.workers._node_name", lambda: "there")
    assert Code.own().refused() is None
    assert OTHER.refused() == Refusal("there", Code.own())


def test_a_refusal_names_the_node_and_what_differs() -> None:
    said = str(Refusal("10.0.0.3 (abcd)", OTHER).error())
    assert "node 10.0.0.3 (abcd) runs other code" in said
    assert f"sources another (here {Code.own().sources})" in said
    assert "python" not in said.partition("\n")[0]


def test_a_worker_of_other_code_ends_the_work_and_simulates_nothing() -> None:
    with open_pool(spec("ray", workers=1), 4, 0.1, simulate_fake) as pool:
        import ray  # not before: it reads once how it is to prove who it is

        assert isinstance(pool, _RayPool)
        pool._code = ray.put(OTHER)
        with pytest.raises(ClusterError, match=r"node \S+ \(\w{8}\) runs other code"):
            list(pool.run(some_cases(4)))


def test_the_watch_tells_what_changes_and_what_is_missing() -> None:
    said: list[str] = []
    now = [0.0]
    watch = ClusterWatch(said.append, lambda: now[0])
    one, two = {"a" * 12: _Node("10.0.0.1", 0)}, {"b" * 12: _Node("10.0.0.2", 8)}
    watch.look(one, 8)
    assert said == ["waiting for 8 CPUs, 0 granted"]
    watch.look(one, 8)
    assert len(said) == 1  # not again at once
    now[0] = 20.0
    watch.look(one, 8)
    assert said.pop() == said[0]
    watch.look(one | two, 8)
    assert said[1:] == ["node 10.0.0.2 (bbbbbbbb) has joined, 8 CPUs"]
    watch.look(one, 0)
    assert said[2:] == [
        "node 10.0.0.2 (bbbbbbbb) is lost; what it had is simulated again elsewhere"
    ]


def test_threads_of_ray_do_not_write_on_the_users_output() -> None:
    below = io.StringIO()
    stream = WithoutRay(below)
    for name in ("ray_listen_error_messages", "another"):
        thread = threading.Thread(target=lambda: print("a dump", file=stream), name=name)
        thread.start()
        thread.join()
    print("ours", file=stream)
    assert below.getvalue() == "a dump\nours\n"


COMPILE = """
import numpy as np
from engine.market.ledger.recorder import concentration
print(concentration(np.arange(3.0), np.ones(3))["top1_share"])
"""


def test_a_copy_of_the_package_elsewhere_compiles_nothing_anew(tmp_path: Path) -> None:
    """As Ray unpacks it for every job."""
    cache = tmp_path / "cache"
    kept: list[set[str]] = []
    for name in ("here", "there"):
        shutil.copytree(ROOT / "engine", tmp_path / name / "engine")
        set_aside = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_CACHE")}
        done = subprocess.run(
            [sys.executable, "-c", COMPILE],
            cwd=tmp_path / name,
            env={**set_aside, "PYTHONPATH": str(tmp_path / name), "XDG_CACHE_HOME": str(cache)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert float(done.stdout) == pytest.approx(2 / 3)
        kept.append({str(file) for file in cache.rglob("*.nbc")})
    assert kept[0]
    assert kept[1] == kept[0]


def test_a_local_ray_asks_for_its_token_also_where_ray_was_imported_before() -> None:
    code = (
        "import os, ray\n"
        "from engine.compute.connect import connected\n"
        "from tests.compute.test_pools import spec\n"
        "with connected(spec('ray', workers=1)):\n"
        "    asked = ray.remote(lambda: os.environ['RAY_AUTH_MODE'])\n"
        "    print(ray.get(asked.remote()), 'RAY_AUTH_MODE' in os.environ)\n"
        "print('RAY_AUTH_MODE' in os.environ)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["token", "True", "False"]


@pytest.fixture
def lone_head() -> Iterator[Cluster]:
    """A head without CPUs, of which nothing is left afterwards."""
    with cluster(head_cpus=0) as nodes:
        yield nodes
        own = nodes.nodes[0].processes()
    assert is_gone(own)


@pytest.mark.slow
def test_a_command_says_what_it_waits_for_and_that_the_head_is_gone(
    lone_head: Cluster, tmp_path: Path
) -> None:
    words = ["scale=smoke", *lone_head.words(), "hydra.run.dir=out"]
    command = start_command("simulate", words, lone_head.env, tmp_path)
    assert command.stderr is not None
    assert command.stdout is not None
    assert command.stderr.readline() == "ray: waiting for 1 CPUs, 0 granted\n"
    lone_head.nodes[0].kill_part("gcs_server")
    start = time.monotonic()
    out, err = command.communicate(timeout=120)
    assert command.returncode == 1
    assert "ray: the head of the cluster is gone" in err
    assert "raylet" not in out
    assert time.monotonic() - start < 50  # Ray ends the process after a minute

"""Commands on real nodes that refuse, are lost, or are of another version: one message each."""

import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cluster.nodes import (
    Cluster,
    cluster,
    free_port,
    is_gone,
    run_command,
    start_command,
)

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(1800)]

SMALL = ["scale=smoke", "scenario.calendar.end=2020-01-31"]
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "right" * 8}


def simulate(nodes: Cluster, place: Path, *words: str, **env: str) -> tuple[int, str, str]:
    """Simulate a small market on the cluster, with other variables than its own."""
    whole = {name: value for name, value in (nodes.env | env).items() if value}
    return run_command("simulate", [*SMALL, *nodes.words(), *words], whole, place)


def one_message(err: str, first: str) -> bool:
    """Tell whether a command ended with one message of ours that begins so."""
    said = [line for line in err.splitlines() if not line.startswith("ray: waiting for")]
    starts = said and said[0].startswith(first)
    return bool(starts) and "remedy: " in err and "Traceback" not in err and len(said) <= 4


def rows(folder: Path) -> list[dict[str, object]]:
    """Return the rows of `runs` but for how long they took."""
    found = pq.read_table(folder / "runs.parquet").drop_columns(["wall_s"]).to_pylist()
    return sorted(found, key=lambda row: row["replication"])


def finished(folder: Path) -> int:
    path = folder / "runs.jsonl"
    return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0


def test_only_the_clusters_token_is_let_in(tmp_path: Path) -> None:
    with cluster(env=TOKEN) as nodes:
        wrong = simulate(nodes, tmp_path, RAY_AUTH_TOKEN="wrong" * 8)
        assert wrong[0] == 1
        assert one_message(wrong[2], "ray.address: the cluster at 127.0.0.1:"), wrong[2]
        assert "refuses this client's token" in wrong[2]
        none = simulate(nodes, tmp_path, RAY_AUTH_TOKEN="", HOME=str(tmp_path))
        assert none[0] == 1
        assert one_message(none[2], "ray.address: RAY_AUTH_MODE=token, and there is no token")
        no_mode = simulate(nodes, tmp_path, RAY_AUTH_MODE="", RAY_AUTH_TOKEN="", HOME=str(tmp_path))
        assert no_mode[0] == 1
        assert one_message(no_mode[2], "ray.address: the cluster at"), no_mode[2]
        assert not list(tmp_path.glob("outputs/*/*/*.parquet"))
        status, out, err = simulate(nodes, tmp_path, "hydra.run.dir=out")
        assert status == 0, err
        assert len(rows(tmp_path / "out")) >= 1
        assert "raylet" not in out + err


def test_a_cluster_of_another_version_and_none_at_all(tmp_path: Path) -> None:
    with cluster(head_cpus=0, version="2.59.0") as nodes:
        status, _, err = simulate(nodes, tmp_path)
        assert status == 1
        assert one_message(err, "ray.address: the cluster at 127.0.0.1:"), err
        assert "runs Ray 2.59.0 on Python 3." in err
        assert ", this command Ray 2." in err
        nodes.address = f"127.0.0.1:{free_port()}"
        status, _, err = simulate(nodes, tmp_path)
        assert status == 1
        assert one_message(err, "ray.address: no Ray cluster can be reached at 127.0.0.1:"), err


def test_a_lost_node_ends_in_a_message_or_is_made_good_and_the_command_goes_on(
    tmp_path: Path,
) -> None:
    words = ["replications=1000", "hydra.run.dir=out"]
    with cluster(head_cpus=0) as nodes:
        first = nodes.add(1)
        started = start_command(
            "simulate", [*SMALL, *nodes.words(), *words, "ray.retries_count=0"], nodes.env, tmp_path
        )
        kept = _kept_some(tmp_path / "out")
        first.kill()
        _, err = started.communicate(timeout=500)
        assert started.returncode == 1, err
        assert "ray: workers died 1 times over the same runs, at last: " in err
        assert "the same command goes on" in err
        assert "Traceback" not in err
        second = nodes.add(1)
        again = start_command("simulate", [*SMALL, *nodes.words(), *words], nodes.env, tmp_path)
        _kept_some(tmp_path / "out", kept)
        second.kill()
        nodes.add(1)
        out, err = again.communicate(timeout=500)
        assert again.returncode == 0, err
        assert "is lost; what it had is simulated again elsewhere" in err
        assert "raylet" not in out
    alone = [*SMALL, "replications=1000", "hydra.run.dir=alone", "ray.backend=process"]
    status, _, err = run_command("simulate", alone, nodes.env, tmp_path)
    assert status == 0, err
    assert rows(tmp_path / "out") == rows(tmp_path / "alone")


def test_on_a_cluster_nothing_is_left_of_a_command_that_is_killed(tmp_path: Path) -> None:
    words = [*SMALL, "replications=2000", "hydra.run.dir=out"]
    with cluster() as nodes:
        command = start_command("simulate", [*nodes.words(), *words], nodes.env, tmp_path)
        _kept_some(tmp_path / "out")
        busy = nodes.nodes[0].named("ray::run_chunk")
        command.kill()
        command.communicate()
        assert busy
        assert is_gone(busy, 60)
        status, _, err = simulate(nodes, tmp_path, "hydra.run.dir=after")
        assert status == 0, err


def _kept_some(folder: Path, already: int = 0) -> int:
    """Wait until a command has kept more years than it had."""
    until = time.monotonic() + 500
    while (count := finished(folder)) <= already:
        assert time.monotonic() < until, "nothing was kept"
        time.sleep(0.1)
    return count

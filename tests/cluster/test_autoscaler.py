"""A command on a cluster without CPUs, whose autoscaler starts a node for what waits."""

from pathlib import Path

import pytest

from tests.cluster.nodes import is_gone, run_command
from tests.cluster.scaling import scaling_cluster
from tests.cluster.test_lost_and_refused import SMALL, rows, simulate

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(1800)]

GIB = 2**30


def test_a_node_is_started_for_what_waits_and_ended_afterwards(tmp_path: Path) -> None:
    words = ["replications=8"]
    with scaling_cluster(cpus=2, memory=2 * GIB, most=1, idle_s=10) as nodes:
        (head,) = nodes.nodes
        before = head.named("raylet")
        status, out, err = simulate(nodes, tmp_path, *words, "hydra.run.dir=out")
        assert status == 0, err
        said = [line for line in err.splitlines() if line.startswith("ray: ")]
        assert said, err
        assert said[0] == "ray: waiting for 1 CPUs, 0 granted"
        assert any(line.endswith(" has joined, 2 CPUs") for line in said), err
        assert "raylet" not in out + err
        (started,) = set(head.named("raylet")) - set(before)
        assert is_gone([started], 120), "nothing of ours keeps the node busy"
    alone = [*SMALL, *words, "hydra.run.dir=alone", "ray.backend=process"]
    status, _, err = run_command("simulate", alone, nodes.env, tmp_path)
    assert status == 0, err
    assert rows(tmp_path / "out") == rows(tmp_path / "alone")

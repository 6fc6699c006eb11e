"""Nodes on which this package is not installed."""

from pathlib import Path

import pytest

from tests.cluster.nodes import cluster, run_command
from tests.cluster.test_lost_and_refused import SMALL, one_message, rows, simulate

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(900)]


def test_the_package_is_sent_to_nodes_that_lack_it(tmp_path: Path) -> None:
    (tmp_path / "none" / "engine").mkdir(parents=True)
    (tmp_path / "none" / "engine" / "__init__.py").touch()  # found first, and without a part of it
    lacking = {"RAY_AUTH_MODE": "disabled", "PYTHONPATH": str(tmp_path / "none")}
    words = ["replications=2"]
    with cluster(env=lacking) as nodes:
        status, _, err = simulate(nodes, tmp_path, *words, "hydra.run.dir=refused")
        assert status == 1
        assert one_message(err, "ray: the cluster's nodes cannot run the engine: "), err
        sent = [*words, "ray.runtime_env={}", "hydra.run.dir=out"]
        status, _, err = simulate(nodes, tmp_path, *sent)
        assert status == 0, err
    alone = [*SMALL, *words, "hydra.run.dir=alone", "ray.backend=process"]
    status, _, err = run_command("simulate", alone, nodes.env, tmp_path)
    assert status == 0, err
    assert rows(tmp_path / "out") == rows(tmp_path / "alone")

"""A sweep on a cluster that has no room for it yet."""

from pathlib import Path

import pytest

from tests.cluster.nodes import cluster, start_command
from tests.cluster.test_lost_and_refused import SMALL

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(900)]


def test_the_sweep_itself_tells_what_it_waits_for_and_which_job_has_ended(tmp_path: Path) -> None:
    words = ["-m", "seed=1,2", "hydra/launcher=ray", "replications=200", "hydra.sweep.dir=out"]
    with cluster(head_cpus=0) as nodes:
        sweep = start_command("simulate", [*SMALL, *words, *nodes.words()], nodes.env, tmp_path)
        assert sweep.stderr is not None
        assert sweep.stderr.readline() == "ray: waiting for 1 CPUs, 0 granted\n"
        nodes.add(1)
        _, err = sweep.communicate(timeout=300)
    assert sweep.returncode == 0, err
    assert " has joined, 1 CPUs\n" in err
    assert "jobs: 2 of 2, " in err

"""Commands as jobs of a real Ray with a token: installed on its nodes, and sent with the job."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.nodes import ROOT, Cluster, cluster
from tests.cluster.test_lost_and_refused import TOKEN, finished, rows

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(1800)]

COMMAND = [sys.executable, "-m", "experiments.simulate", "scale=smoke", "ray=cluster"]
SHORT = ["scenario.calendar.end=2020-01-31", "replications=3"]
LONG = ["scenario.calendar.end=2020-03-31", "replications=150"]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """A node that takes jobs."""
    with cluster(head_cpus=2, env=TOKEN, include_dashboard="true") as found:
        yield found


def submit(
    nodes: Cluster, words: list[str], options: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Submit a command as a job, and wait for its end."""
    return job(nodes, "submit", *options, "--", *COMMAND, *words)


def job(nodes: Cluster, verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
    ray = [sys.executable, "-m", "ray.scripts.scripts", "job", verb, "--address", nodes.dashboard]
    env = {name: value for name, value in nodes.env.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*ray, *words], env=env, capture_output=True, text=True, timeout=400, check=False
    )


def test_a_job_whose_results_would_be_thrown_away_is_refused(nodes: Cluster) -> None:
    done = submit(nodes, SHORT)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "hydra.run.dir: outputs/simulate/" in said
    assert "is relative, and a job of Ray's starts in a folder that is thrown away" in said
    assert "name one, e.g. hydra.run.dir=/shared/mine" in said
    assert not list(Path(nodes.env["RAY_TMPDIR"]).rglob("runs.parquet"))


def test_an_installed_package_and_one_that_is_sent_bring_the_same(
    nodes: Cluster, tmp_path: Path
) -> None:
    there = submit(nodes, [*SHORT, f"hydra.run.dir={tmp_path}/there"])
    assert there.returncode == 0, there.stdout + there.stderr
    sent = tmp_path / "sent"
    for part in ("conf", "engine", "experiments", "hydra_plugins"):
        shutil.copytree(ROOT / part, sent / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (sent / "engine/compute/messages.py").open("a") as file:
        file.write("# Other code than is installed: workers must take what was sent.\n")
    options = ("--working-dir", str(sent))
    done = submit(nodes, [*SHORT, f"hydra.run.dir={tmp_path}/here"], options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(tmp_path / "here") == rows(tmp_path / "there")
    assert "raylet" not in done.stdout.partition("Submitting")[2].lower()


def test_a_job_that_is_stopped_goes_on_when_it_is_submitted_again(
    nodes: Cluster, tmp_path: Path
) -> None:
    words = [*LONG, f"hydra.run.dir={tmp_path}/out"]
    name = "poquan-stopped"
    begun = submit(nodes, words, ("--no-wait", "--submission-id", name))
    assert begun.returncode == 0, begun.stderr
    until = time.monotonic() + 500
    while not finished(tmp_path / "out"):
        assert time.monotonic() < until
        time.sleep(0.2)
    job(nodes, "stop", name)
    kept = finished(tmp_path / "out")
    assert not (tmp_path / "out" / "runs.parquet").exists()
    assert kept > 0
    done = submit(nodes, words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(tmp_path / "out")) == 150

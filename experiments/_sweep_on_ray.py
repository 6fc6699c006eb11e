"""The jobs of a sweep on one Ray: each a task beside the driver, whose runs are tasks as well.

A job's task simulates nothing itself: it lays out the runs and writes the tables, on the
driver's node, where its folder is. So it takes no CPU of Ray's, and the runs of all jobs share
the CPUs; a new Ray is started once, not once a job.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from engine.compute.machine import PROCESS_BYTES, cpus_count
from engine.errors import InputError
from engine.secrets import hidden, remember
from engine.spec.jobs import Ray
from experiments import _hidden
from experiments._exit import one_message
from experiments._sweep_watch import SweepWatch

_OUTPUT: Final = Path(".hydra") / "output.txt"
"""What a job printed, within its folder."""

_LOOK_S: Final = 1.0
"""Seconds after which Python may see an interruption."""


def launch(
    context: HydraContext,
    task: TaskFunction,
    jobs: Sequence[tuple[int, DictConfig]],
    at_once: int | None,
) -> list[JobReturn]:
    """Run jobs, numbered, on one Ray; return what became of each, in their order.

    Raises
    ------
    InputError
        If Ray is reached as a client, or the job's back end is this process.
    ClusterError
        If it cannot be reached or started.
    """
    from engine.compute.connect import connected

    spec = Ray.model_validate(OmegaConf.to_container(jobs[0][1].ray, resolve=True))
    _check(spec)
    for number, job in jobs:
        with open_dict(job):
            job.hydra.job.num, job.hydra.job.id = number, str(number)
    first = jobs[0][1]
    HydraConfig.instance().set_config(first)  # who is interrupted is told how to go on
    with one_message(Path(str(first.hydra.sweep.dir))), connected(spec) as is_local:
        watch = SweepWatch(len(jobs), spec.workers_count or 1, is_local=is_local)
        return _Launched(context, task, at_once or cpus_count()).run(jobs, watch)


class _Launched:
    """Jobs as tasks of a Ray that is connected, so many at once."""

    def __init__(self, context: HydraContext, task: TaskFunction, at_once: int) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from engine.compute.watch import cluster_nodes

        here = ray.get_runtime_context().get_node_id()
        most = cluster_nodes()[here].memory
        self._remote: Any = ray.remote(_run).options(
            num_cpus=0,
            memory=min(PROCESS_BYTES, most),
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
        )
        place = (str(Path.cwd()), list(sys.path), hidden())
        self._common = ray.put((Singleton.get_state(), context, task, *place))
        # Half of the memory is for their runs: else jobs might wait for one another.
        self._at_once = max(1, min(at_once, most // 2 // PROCESS_BYTES))

    def run(self, jobs: Sequence[tuple[int, DictConfig]], watch: SweepWatch) -> list[JobReturn]:
        """Run them all, and tell how far they are; tasks are stopped if this is interrupted."""
        import ray

        waiting = list(reversed(jobs))
        flight: dict[Any, int] = {}
        found: dict[int, JobReturn] = {}
        try:
            while waiting or flight:
                while waiting and len(flight) < self._at_once:
                    number, job = waiting.pop()
                    watch.begin(number, _output_of(job))
                    flight[self._remote.remote(self._common, job)] = number
                ready, _ = ray.wait(list(flight), num_returns=1, timeout=_LOOK_S)
                for reference in ready:
                    number = flight.pop(reference)
                    found[number] = _result(reference)
                    watch.end(number)
                watch.look()
        finally:
            for reference in flight:
                ray.cancel(reference, force=True)
        return [found[number] for number, _ in jobs]


def _check(spec: Ray) -> None:
    if spec.address is not None and spec.address.startswith("ray://"):
        raise InputError(
            "ray.address",
            f"{spec.address} is reached as a client: jobs would leave their results elsewhere",
            "HOST:6379 on a machine of the cluster, auto, or null for this machine",
            "start the sweep on a machine of the cluster, or leave hydra/launcher=ray out",
        )
    if spec.backend == "process":
        raise InputError(
            "ray.backend",
            "process simulates in one process alone, but hydra/launcher=ray runs jobs on Ray",
            "auto or ray",
            "leave ray.backend or hydra/launcher=ray out",
        )


_Common = tuple[Any, HydraContext, TaskFunction, str, list[str], dict[str, str]]
"""Of the driver: Hydra's singletons, context, task, working folder, search path, what is hidden."""


def _run(common: _Common, job: DictConfig) -> JobReturn:
    """Run one job in a process of Ray's; what it prints goes to a file of its folder."""
    state, context, task, place, path, secrets = common
    os.chdir(place)
    sys.path[:] = list(dict.fromkeys([*path, *sys.path]))
    remember(secrets)
    _hidden.install()
    setup_globals()
    Singleton.set_state(state)
    output = _output_of(job)
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
        return run_job(
            hydra_context=context,
            task_function=task,
            config=job,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


def _output_of(job: DictConfig) -> Path:
    return Path(str(job.hydra.sweep.dir)) / str(job.hydra.sweep.subdir) / _OUTPUT


def _result(reference: Any) -> JobReturn:
    """Return what a job left; one whose process died has noted nothing, and is reported so."""
    import ray

    try:
        found: JobReturn = ray.get(reference)
    except ray.exceptions.RayError as error:
        print(f"ray: {str(error).splitlines()[0]}", file=sys.stderr)
        found = JobReturn()
        found.return_value, found.status = None, JobStatus.COMPLETED  # or the sweep would end here
    return found

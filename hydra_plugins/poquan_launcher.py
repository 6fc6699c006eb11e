"""Hydra's launcher `ray`. Hydra takes plugins from this package alone."""

from collections.abc import Sequence

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class RayLauncher(Launcher):
    """Runs the jobs of a sweep in parallel on one Ray.

    Parameters
    ----------
    jobs_at_once : at most so many; None is one a CPU.
    """

    def __init__(self, jobs_at_once: int | None = None) -> None:
        self._at_once = jobs_at_once

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what all jobs have in common."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run jobs, the first of which has the number `initial_job_idx`; return what became."""
        from experiments._sweep_on_ray import launch

        jobs = []
        for number, overrides in enumerate(job_overrides, initial_job_idx):
            job = self._context.config_loader.load_sweep_config(self._config, list(overrides))
            jobs.append((number, job))
        return launch(self._context, self._task, jobs, self._at_once)

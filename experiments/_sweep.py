"""The jobs of a sweep, composed before the first one runs."""

from collections.abc import Iterator

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, open_dict


def jobs_of(config: DictConfig) -> Iterator[DictConfig]:
    """Yield the config of every job that Hydra's own sweeper will make of `-m`.

    Parameters
    ----------
    config : the config that a multirun starts with, Hydra's settings included.
    """
    typed = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    loader = GlobalHydra.instance().config_loader()
    (batch,) = BasicSweeper.split_arguments(typed, None)
    for number, overrides in enumerate(batch):
        job = loader.load_sweep_config(config, overrides)
        with open_dict(job):
            job.hydra.job.num, job.hydra.job.id = number, str(number)
        yield job

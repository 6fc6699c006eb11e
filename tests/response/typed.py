"""Jobs of `experiments.response` as a user types them."""

from pathlib import Path

from hydra import compose, initialize_config_dir

from engine.config import load
from engine.spec.response import ResponseJob

CONF = Path(__file__).parents[2] / "conf"


def typed_job(*overrides: str) -> ResponseJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("response", list(overrides)), ResponseJob)

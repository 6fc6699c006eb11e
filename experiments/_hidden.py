"""What Hydra writes of a config into `.hydra`, without the passwords of addresses."""

from pathlib import Path
from typing import Any

import hydra.core.utils
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from engine.secrets import hide


def install() -> None:
    """Have Hydra hide them in the files that it writes for each job."""
    hydra.core.utils._save_config = _save_config  # noqa: SLF001 - the one place that writes them


def hide_in(config: DictConfig) -> None:
    """Hide them in a config that Hydra is about to write for a whole sweep."""
    plain = OmegaConf.to_container(config, resolve=False)
    changed: Any = hide(plain)
    if changed != plain:
        with read_write(config), open_dict(config):
            for key, value in changed.items():
                if value != plain[key]:  # type: ignore[index]
                    config[key] = value


def _save_config(cfg: Any, filename: str, output_dir: Path) -> None:
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / filename).write_text(hide(OmegaConf.to_yaml(cfg)), encoding="utf-8")

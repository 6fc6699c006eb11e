"""What `--help` says of the config groups: those that the command uses, and their options."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from experiments._sources import folders


def install() -> None:
    """Make `${used_groups:}` list the groups of the command, and `${options:GROUP}` one's files."""
    OmegaConf.register_new_resolver("used_groups", _used_groups, replace=True)
    OmegaConf.register_new_resolver("options", _options_of, replace=True)


def _used_groups(*, _root_: DictConfig) -> str:
    runtime = _root_.hydra.runtime
    groups = dict.fromkeys(str(choice).partition("@")[0] for choice in runtime.choices)
    places = folders(runtime.config_sources)
    lines = [
        f"{group}: {', '.join(_options(group, places))}"
        for group in groups
        if not group.startswith("hydra/")
    ]
    return "\n".join([*lines, ""])


def _options_of(group: str, *, _root_: DictConfig) -> str:
    return " ".join(_options(group, folders(_root_.hydra.runtime.config_sources)))


def _options(group: str, places: list[Path]) -> list[str]:
    return sorted({file.stem for folder in places for file in (folder / group).glob("*.yaml")})

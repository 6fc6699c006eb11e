"""What `--help` says of the config groups: those that the command uses, and their options."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf


def install() -> None:
    """Make `${used_groups:}` list the groups of the command, one a line."""
    OmegaConf.register_new_resolver("used_groups", _used_groups, replace=True)


def _used_groups(*, _root_: DictConfig) -> str:
    runtime = _root_.hydra.runtime
    groups = dict.fromkeys(str(choice).partition("@")[0] for choice in runtime.choices)
    folders = [Path(source.path) for source in runtime.config_sources if source.schema == "file"]
    lines = [
        f"{group}: {', '.join(_options(group, folders))}"
        for group in groups
        if not group.startswith("hydra/")
    ]
    return "\n".join([*lines, ""])


def _options(group: str, folders: list[Path]) -> list[str]:
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})

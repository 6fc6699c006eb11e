"""The whole policies of a study, from its folder and its config."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from engine.config import load
from engine.errors import CombinedInputError, InputError
from engine.results.storage import open_folder
from engine.spec.policy import Policy

_GROUP: Final = "policy"


def read_policies(folder: Path, config: Mapping[str, Any]) -> dict[str, Policy]:
    """Return the policies that are known in full, by their name in the tables.

    Those that a search left as YAML come first; one that this version cannot read is left out.
    """
    found = dict(_given(config))
    place = open_folder(folder)
    for file in place.files(_GROUP):
        name, _, end = file.rpartition(".")
        if end == "yaml":
            found[name] = OmegaConf.create(place.get(f"{_GROUP}/{file}").decode())
    specs = {name: _policy(tree) for name, tree in found.items()}
    return {name: policy for name, policy in specs.items() if policy is not None}


def _given(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the policies of a job's config, by the name that tables give them."""
    for group in ("policies", "baselines"):
        trees = config.get(group)
        yield from (trees if isinstance(trees, Mapping) else {}).items()
    own = config.get(_GROUP)
    if isinstance(own, Mapping) and "name" in own:
        yield str(own["name"]), own


def _policy(tree: Any) -> Policy | None:
    try:
        config = OmegaConf.create(tree)
        return load(config, Policy) if isinstance(config, DictConfig) else None
    except (CombinedInputError, InputError, OmegaConfBaseException, TypeError):
        return None

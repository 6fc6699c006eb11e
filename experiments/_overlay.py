"""Values that replace what is there, where OmegaConf would merge them into it.

A dated lever is one value that is written as a mapping: merged key by key, the dates of a
policy would stay among those of the policy that builds on it, or of the command line.
"""

import re
from typing import Final

from omegaconf import DictConfig, flag_override
from omegaconf.basecontainer import BaseContainer

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_map_merge = BaseContainer._map_merge  # noqa: SLF001  # OmegaConf offers no hook for merging


def install() -> None:
    """Make all merges of this process replace dated levers whole.

    That covers policies that build on others, the command line, and the jobs of a sweep.
    There, an empty mapping such as `space.levers={}` empties what it is given to.
    """
    BaseContainer._map_merge = staticmethod(_merge)  # type: ignore[method-assign]  # noqa: SLF001


def _merge(dest: BaseContainer, src: BaseContainer) -> None:
    if not _replaces(dest, src):
        _map_merge(dest, src)
        return
    with flag_override(dest, "struct", False):
        dest._set_value({})  # noqa: SLF001
        _map_merge(dest, src)


def _replaces(dest: BaseContainer, src: BaseContainer) -> bool:
    """Tell whether `src` is to take the place of `dest`; Hydra's own settings merge as ever."""
    if not (_is_mapping(dest) and _is_mapping(src)):
        return False
    if not src:  # only overrides meet a config whose keys are settled
        is_settled = bool(dest._get_flag("struct"))  # noqa: SLF001
        return is_settled and not str(dest._get_full_key(None)).startswith("hydra")  # noqa: SLF001
    return _is_dated(dest) or _is_dated(src)


def _is_mapping(node: BaseContainer) -> bool:
    return isinstance(node, DictConfig) and isinstance(node._value(), dict)  # noqa: SLF001


def _is_dated(node: BaseContainer) -> bool:
    keys = [str(key) for key in node]
    return bool(keys) and all(_DAY.fullmatch(key) for key in keys)

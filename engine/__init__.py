"""Poquan: agent-based policy optimisation for live-commerce platforms.

The names below are the public surface; they are imported when first used, so that
`import engine` is quick.
"""

import os as _os
from importlib import import_module as _import_module
from typing import Any

from engine.cache import cache_folder as _cache_folder

# Numba reads it on import. A folder named by the sources cannot serve stale code.
_os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder()))
_os.environ.setdefault(
    "NUMBA_CACHE_LOCATOR_CLASSES",
    "engine.compile_cache.ByModule,UserProvidedCacheLocator,InTreeCacheLocator,"
    "UserWideCacheLocator,IPythonCacheLocator,ZipCacheLocator",
)

_HOMES = {
    "Scenario": "engine.spec.scenario",
    "Policy": "engine.spec.policy",
    "Scale": "engine.spec.jobs",
    "Case": "engine.case",
    "RunResult": "engine.case",
    "simulate": "engine.market.run",
    "open_world": "engine.market.world",
    "open_state": "engine.market.state",
    "advance": "engine.market.run",
    "save_state": "engine.market.saved",
    "load_state": "engine.market.saved",
    "open_pool": "engine.compute",
    "paired": "engine.compare",
    "optimize": "engine.search",
    "Results": "engine.results",
    "read_table": "engine.results",
    "build_report": "engine.report",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)

"""Poquan: agent-based policy optimisation for live-commerce platforms."""

import os as _os

from engine.cache import cache_folder as _cache_folder

# Numba reads it on import. A folder named by the sources cannot serve stale code.
_os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder()))

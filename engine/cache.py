"""The compile cache: one folder for one state of the sources and versions.

Numba's own index does not see an edit of a called function in another file, so the
folder's name carries a hash of all that compiled code depends on.
"""

import contextlib
import hashlib
import os
import sys
from importlib.metadata import version
from pathlib import Path

COMPILED = ("rules", "market", "population", "rng.py", "jit.py", "units.py")
"""What compiled code is made from, below this package."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/poquan/<hash of sources and versions>`, not yet created."""
    digest = hashlib.sha256()
    for name in ("numba", "llvmlite", "numpy"):
        digest.update(f"{name}={version(name)};".encode())
    digest.update(sys.version.encode())
    here = Path(__file__).parent
    for part in COMPILED:
        place = here / part
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(source.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "poquan" / digest.hexdigest()[:16]


def is_cold() -> bool:
    """Whether something is still to be compiled, as far as it is known."""
    return not _mark().exists()


def mark_warm() -> None:
    """Write down that everything is compiled; where nothing can be written, nothing is kept."""
    with contextlib.suppress(OSError):
        _mark().touch()


def _mark() -> Path:
    return Path(os.environ["NUMBA_CACHE_DIR"]) / "warm"

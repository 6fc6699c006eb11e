"""The compile cache: one folder for one state of the sources and versions.

Numba's own index does not see an edit of a called function in another file, so the
folder's name carries a hash of all that compiled code depends on.
"""

import contextlib
import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

_COMPILED = ("rules", "market", "population", "rng.py", "jit.py", "units.py")
"""What compiled code is made from, below this package."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/poquan/<hash of sources and versions>`, not yet created."""
    digest = hashlib.sha256()
    for name in ("numba", "llvmlite", "numpy"):
        digest.update(f"{name}={version(name)};".encode())
    digest.update(sys.version.encode())
    here = Path(__file__).parent
    for part in _COMPILED:
        place = here / part
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(source.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "poquan" / digest.hexdigest()[:16]


def is_cold(*, is_fused: bool) -> bool:
    """Whether something is still to be compiled, as far as it is known.

    Parameters
    ----------
    is_fused : of the fused kernels, which simulate most cases (`Case.is_fused`), or of the others.
    """
    return not _mark(is_fused).exists()


def mark_warm(*, is_fused: bool) -> None:
    """Write down that all such kernels are compiled; where nothing can be written, nothing is."""
    with contextlib.suppress(OSError):
        _mark(is_fused).touch()


@contextlib.contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """Hold the cache's lock, which others wait for and which ends with its process.

    Where nothing can be written there is no cache to fill, and no lock.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = Path(os.environ["NUMBA_CACHE_DIR"])
            folder.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context((folder / "lock").open("w")), fcntl.LOCK_EX)
        yield


def _mark(is_fused: bool) -> Path:
    return Path(os.environ["NUMBA_CACHE_DIR"]) / ("warm" if is_fused else "warm-by-steps")

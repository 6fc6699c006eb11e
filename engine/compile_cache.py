"""Where Numba keeps what is compiled of this package: by what a file says, not where it lies.

Numba names a folder of its cache by the path of the source. A package that is unpacked anew for
every job, as Ray does with `--working-dir`, would be compiled anew for every job. Here the folder
is named by the module, below a cache that is itself named by the sources (`engine.cache`).

What cannot be read from that folder counts as not compiled yet, and is written anew: Numba alone
would end in a traceback where an index names a class that is gone, or where a file is cut short.

Numba imports this module by the name that `engine` puts into `NUMBA_CACHE_LOCATOR_CLASSES`.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching

_PACKAGE = Path(__file__).parent
_UNREADABLE = (
    pickle.UnpicklingError, EOFError, ImportError, AttributeError, LookupError, TypeError,
    ValueError,
)  # fmt: skip
"""What `pickle.load` raises on bytes, or on names, that mean nothing here."""


class ByModule(caching.UserProvidedCacheLocator):
    """A place in `NUMBA_CACHE_DIR` for the functions of one module of this package."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder of a source file, below the package, for its functions."""
        return str(Path(py_file).relative_to(_PACKAGE).parent)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> Any:
        """Return the place for a function; None if it is not of this package: others go on."""
        if not Path(py_file).is_relative_to(_PACKAGE):
            return None
        return super().from_function(py_func, py_file)  # type: ignore[no-untyped-call]


class _CacheFiles(caching.IndexDataCacheFile):
    """The index and the data of one function, where what cannot be read is a miss."""

    def _load_index(self) -> dict[Any, str]:
        """Return the names of data files by signature; none if the index cannot be read."""
        try:
            return dict(super()._load_index())  # type: ignore[no-untyped-call]
        except _UNREADABLE:
            return {}

    def _load_data(self, name: str) -> Any:
        """Return the compiled code in a data file; OSError is what Numba takes for a miss."""
        try:
            return super()._load_data(name)  # type: ignore[no-untyped-call]
        except _UNREADABLE as error:
            raise OSError(f"{name} cannot be read") from error


# Numba makes its cache files by this name, and offers no other way to say what a miss is.
caching.IndexDataCacheFile = _CacheFiles  # type: ignore[misc]

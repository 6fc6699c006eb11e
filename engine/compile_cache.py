"""Where Numba keeps what is compiled of this package: by what a file says, not where it lies.

Numba names a folder of its cache by the path of the source. A package that is unpacked anew for
every job, as Ray does with `--working-dir`, would be compiled anew for every job. Here the folder
is named by the module, below a cache that is itself named by the sources (`engine.cache`).

Numba imports this module by the name that `engine` puts into `NUMBA_CACHE_LOCATOR_CLASSES`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import UserProvidedCacheLocator

_PACKAGE = Path(__file__).parent


class ByModule(UserProvidedCacheLocator):
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

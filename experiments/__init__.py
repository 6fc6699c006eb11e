"""The commands: one thin Hydra app each."""

import gc as _gc
import os as _os
import sys as _sys
from types import TracebackType as _TracebackType

# NumPy reads it on import. The matrices of a search are small and every core simulates runs:
# several threads of linear algebra would wait for one another, and proposals take several times
# as long.
_os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Imports and pages make a million objects that stay: looking through them for garbage at Python's
# usual pace takes a tenth of a short command's time.
_gc.set_threshold(50_000, 50, 50)


def _without_trace(
    kind: type[BaseException], error: BaseException, trace: _TracebackType | None
) -> None:
    """Say of an interruption while modules are imported no more than that."""
    if kind is KeyboardInterrupt:
        print("interrupted: nothing was done yet", file=_sys.stderr)
    else:
        _sys.__excepthook__(kind, error, trace)


if _sys.excepthook is _sys.__excepthook__:
    _sys.excepthook = _without_trace

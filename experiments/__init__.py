"""The commands: one thin Hydra app each."""

import gc as _gc
import os as _os

# NumPy reads it on import. The matrices of a search are small and every core simulates runs:
# several threads of linear algebra would wait for one another, and proposals take several times
# as long.
_os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Imports and pages make a million objects that stay: looking through them for garbage at Python's
# usual pace takes a tenth of a short command's time.
_gc.set_threshold(50_000, 50, 50)

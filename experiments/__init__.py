"""The commands: one thin Hydra app each."""

import os as _os

# NumPy reads it on import. The matrices of a search are small and every core simulates years:
# several threads of linear algebra would wait for one another, and proposals take several times
# as long.
_os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

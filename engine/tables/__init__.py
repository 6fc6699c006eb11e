"""Own tables: what a user knows of a market, read in place of what would be drawn.

`schemas` says once what each table holds; reading, checking, export and the description follow
it. Arrays that come out are plain NumPy: nobody below knows of files.
"""

from engine.tables.checked import with_own_tables
from engine.tables.given import read_given

__all__ = ["read_given", "with_own_tables"]

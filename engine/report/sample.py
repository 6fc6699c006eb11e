"""Warns where a result rests on too few buyers or too few years."""

from pathlib import Path
from typing import Any, Final

from engine.report.study import Study, line_counts
from engine.results import list_tables, provenance_of, read_table

FEW_BUYERS: Final = 10_000
"""Fewer simulated buyers than this shift means and concentration, not only noise."""

FEW_RUNS: Final = 4
"""Fewer years a policy than this leave an interval that says little."""

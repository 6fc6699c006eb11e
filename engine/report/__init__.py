"""What a person reads: one HTML page that opens offline, and tables on the terminal.

Everything shown comes from the Parquet tables of a results folder.
"""

from engine.report.page import build_report
from engine.report.sample import sample_note
from engine.report.study import read_study

__all__ = ["build_report", "read_study", "sample_note"]

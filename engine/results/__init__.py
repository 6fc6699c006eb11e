"""Result tables in Parquet: written whole, with their provenance, and read back."""

from engine.results.provenance import config_hash
from engine.results.reader import list_tables, provenance_of, read_table
from engine.results.storage import check_writable
from engine.results.writer import Results

__all__ = [
    "Results",
    "check_writable",
    "config_hash",
    "list_tables",
    "provenance_of",
    "read_table",
]

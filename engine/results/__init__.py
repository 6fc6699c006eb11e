"""Result tables in Parquet: written whole, with their provenance, and read back."""

from engine.results.checkpoint import RunCheckpoint
from engine.results.claim import Claim, FolderLock
from engine.results.provenance import config_hash
from engine.results.reader import is_complete, list_tables, provenance_of, read_table
from engine.results.staging import local_folder
from engine.results.world_tables import check_export_folder, export_worlds
from engine.results.writer import Results

__all__ = [
    "Claim",
    "FolderLock",
    "Results",
    "RunCheckpoint",
    "check_export_folder",
    "config_hash",
    "export_worlds",
    "is_complete",
    "list_tables",
    "local_folder",
    "provenance_of",
    "read_table",
]

"""Result tables in Parquet: written whole, with their provenance, and read back."""

from engine.results.claim import Claim, FolderLock, check_claim, lock_folder, put_claim
from engine.results.kept import KeptRuns
from engine.results.provenance import config_hash
from engine.results.reader import is_complete, list_tables, provenance_of, read_table
from engine.results.staging import local_folder
from engine.results.storage import check_writable
from engine.results.world_tables import check_export_folder, export_worlds
from engine.results.writer import Results

__all__ = [
    "Claim",
    "FolderLock",
    "KeptRuns",
    "Results",
    "check_claim",
    "check_export_folder",
    "check_writable",
    "config_hash",
    "export_worlds",
    "is_complete",
    "list_tables",
    "local_folder",
    "lock_folder",
    "provenance_of",
    "put_claim",
    "read_table",
]

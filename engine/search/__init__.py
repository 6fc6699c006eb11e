"""Searches the policy space: proposes, simulates on common random numbers, promotes, selects."""

from engine.search.checked import check_search
from engine.search.driver import Progress, SearchResult, optimize
from engine.search.usage import planned_runs

__all__ = ["Progress", "SearchResult", "check_search", "optimize", "planned_runs"]

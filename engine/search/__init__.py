"""Searches the policy space: proposes, simulates on common random numbers, promotes, selects."""

from engine.search.driver import Progress, SearchResult, check_search, optimize
from engine.search.forecast import planned_runs

__all__ = ["Progress", "SearchResult", "check_search", "optimize", "planned_runs"]

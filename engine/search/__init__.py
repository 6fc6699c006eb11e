"""Searches the policy space: asks a sampler, simulates under common luck, tells it what came."""

from engine.search.driver import Progress, SearchResult, check_job, optimize, planned_years

__all__ = ["Progress", "SearchResult", "check_job", "optimize", "planned_years"]

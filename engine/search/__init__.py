"""Searches the policy space: asks a sampler, simulates under common luck, tells it what came."""

from engine.search.budget import planned_years
from engine.search.driver import check_job, optimize
from engine.search.outcome import Outcome, Progress

__all__ = ["Outcome", "Progress", "check_job", "optimize", "planned_years"]

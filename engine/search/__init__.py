"""Searches the policy space: asks a sampler, simulates under common luck, tells it what came."""

from engine.search.driver import Outcome, Progress, check_job, optimize, planned_years

__all__ = ["Outcome", "Progress", "check_job", "optimize", "planned_years"]

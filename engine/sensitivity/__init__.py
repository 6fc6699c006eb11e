"""What moves the measures: variance-based indices, and importance in a finished search."""

from engine.sensitivity.driver import check_sensitivity, runs_count, sensitivities

__all__ = ["check_sensitivity", "runs_count", "sensitivities"]

"""Fits the scenario's unknowns to observed figures, and keeps every world that fits."""

from engine.calibrate.answers import answers
from engine.calibrate.driver import CalibrationResult, calibrate, check_job
from engine.calibrate.observed import read_figures
from engine.calibrate.scenario_file import scenario_yaml
from engine.calibrate.unknown_space import UnknownSpace

__all__ = [
    "CalibrationResult",
    "UnknownSpace",
    "answers",
    "calibrate",
    "check_job",
    "read_figures",
    "scenario_yaml",
]

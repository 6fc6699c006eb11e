"""Fits the scenario's unknowns to observed figures, and keeps every world that fits."""

from engine.calibrate.answers import answers
from engine.calibrate.driver import CalibrationResult, calibrate, check_calibration
from engine.calibrate.observed import read_figures
from engine.calibrate.scenario_file import scenario_yaml
from engine.calibrate.unknown_space import UnknownSpace
from engine.calibrate.yardsticks import read_seasons, with_yardsticks

__all__ = [
    "CalibrationResult",
    "UnknownSpace",
    "answers",
    "calibrate",
    "check_calibration",
    "read_figures",
    "read_seasons",
    "scenario_yaml",
    "with_yardsticks",
]

"""Fits the scenario's unknowns to observed figures, and keeps every world that fits."""

from engine.calibrate.answers import answers
from engine.calibrate.box import Box
from engine.calibrate.driver import Outcome, calibrate, check_job
from engine.calibrate.observed import read_figures
from engine.calibrate.written import scenario_yaml

__all__ = [
    "Box",
    "Outcome",
    "answers",
    "calibrate",
    "check_job",
    "read_figures",
    "scenario_yaml",
]

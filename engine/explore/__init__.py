"""A finished search to try things on: forecasts of policies it did not try, and their real runs."""

from engine.explore.explorer import Explorer, check_folder, open_explorer
from engine.explore.surrogate import PointForecast

__all__ = ["Explorer", "PointForecast", "check_folder", "open_explorer"]

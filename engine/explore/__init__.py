"""A finished search to try things on: forecasts of policies it did not try, and their real runs."""

from engine.explore.desk import Desk, check_folder, open_desk
from engine.explore.surrogate import PointForecast

__all__ = ["Desk", "PointForecast", "check_folder", "open_desk"]

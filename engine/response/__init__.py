"""Each lever alone: what it does to the horizon, and what it leaves behind."""

from engine.response.answers import LeverAnswer, lever_answers
from engine.response.sweep import check_response, response_cases, response_rows

__all__ = ["LeverAnswer", "check_response", "lever_answers", "response_cases", "response_rows"]

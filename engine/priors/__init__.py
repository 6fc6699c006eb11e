"""Demand priors from scanner panels, estimated anew beside the published figures.

An analysis beside the market: nothing that simulates imports it.
"""

from engine.priors.figures import prior_rows

__all__ = ["prior_rows"]

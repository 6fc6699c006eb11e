"""Demand priors from scanner panels, estimated anew beside the published figures.

An analysis beside the market: nothing that simulates imports it.
"""

from engine.priors.figures import compare

__all__ = ["compare"]

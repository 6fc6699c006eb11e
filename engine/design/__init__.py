"""Designs of experiments shared by search, calibration, sensitivity and priors.

The unit cube and the mapping between it and values, space-filling sequences, and draws
from the named random streams.
"""

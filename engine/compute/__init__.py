"""Where runs are simulated: in this process, or on Ray."""

from engine.compute.choice import open_pool
from engine.compute.pool import Failure, Pool, Runner

__all__ = ["Failure", "Pool", "Runner", "open_pool"]

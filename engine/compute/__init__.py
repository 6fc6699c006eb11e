"""Where years are simulated: in this process, or on Ray."""

from engine.compute.choice import open_pool
from engine.compute.pool import Failure, Pool

__all__ = ["Failure", "Pool", "open_pool"]

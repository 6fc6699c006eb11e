"""Where years are simulated: in this process, or on Ray."""

from engine.compute.pool import Failure, Pool, open_pool

__all__ = ["Failure", "Pool", "open_pool"]

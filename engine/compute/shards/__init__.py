"""One market on many workers of Ray, each with some of its buyers: see `engine.market.exchange`.

Each shard is an actor (`worker`) that simulates the whole case by `engine.market.run.simulate`,
with its own buyers and a copy of everything else. Two or three times a slot the shards add whole
numbers up, over TCP connections of their own (`links`): a call of Ray's takes a millisecond, a
sum over loopback a tenth of it. At night they compare what they hold alike, and now and then each
saves its state. The driver (`pool`) holds no buyers: it places the shards, waits, and takes the
result of the first. Where a shard is lost, all are placed anew and go on from the last night that
each has saved, with the bits of a run without the loss.
"""

from engine.compute.shards.pool import sharded_pool

__all__ = ["sharded_pool"]

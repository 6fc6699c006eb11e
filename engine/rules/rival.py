"""The rival (M22): pull = base + campaigns + reaction * our coupons per GMV, smoothed."""

from engine.jit import rule


@rule
def rival_pull(base, campaign, reaction, intensity):
    """What is added to the outside option today."""
    return base + campaign + reaction * intensity


@rule
def smoothed(level, value, days):
    """Exponential smoothing with mean age `days` >= 1."""
    return level + (value - level) / max(days, 1.0)

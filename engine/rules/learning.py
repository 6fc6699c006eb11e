"""What a purchase leaves behind: habit (M17), affinity (M9), trust, memory (M23).

All states lie in [0, 1] but the memory, which is ln(remembered price / price
elsewhere) <= 0. Fading is geometric in days, x * (1 - rate)^days, applied when a
buyer is next seen.
"""

from engine.jit import rule


@rule
def raised(state, gain):
    """State + gain * (1 - state): moves towards 1."""
    return state + gain * (1 - state)


@rule
def lowered(state, loss):
    """State * (1 - loss): moves towards 0."""
    return state * (1 - loss)


@rule
def remembered(log_memory, log_ratio, step):
    """The memory moves towards the price ratio just paid, never above the list price."""
    return min(log_memory + step * (log_ratio - log_memory), 0)

"""Amounts of money as the answer's sentences write them: bn RMB with a true minus sign."""

from engine.stats.intervals import Interval
from engine.units import FEN_PER_BN_RMB


def bn(fen: float) -> str:
    """Return an amount in bn RMB: one decimal, two below one bn; what rounds to 0 has no sign."""
    amount = fen / FEN_PER_BN_RMB
    text = f"{amount:.1f}".removesuffix(".0") if abs(amount) >= 1 else f"{amount:.2f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "\N{MINUS SIGN}")


def bn_with_limits(found: Interval) -> str:
    """Return an amount with its 95 % limits, where it has any."""
    assert found.value is not None
    if found.low is None or found.high is None:
        return bn(found.value)
    return f"{bn(found.value)} ({bn(found.low)} to {bn(found.high)})"

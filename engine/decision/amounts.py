"""Amounts of money as the answer's sentences write them: bn RMB with a true minus sign."""

from engine.units import FEN_PER_BN_RMB


def bn(fen: float) -> str:
    """Return an amount in bn RMB: one decimal, two below one bn; what rounds to 0 has no sign."""
    if fen == 0:
        return "0"
    amount = fen / FEN_PER_BN_RMB
    text = f"{amount:.1f}".removesuffix(".0") if abs(amount) >= 1 else f"{amount:.2f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "\N{MINUS SIGN}")

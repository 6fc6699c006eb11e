"""Amounts of money as the answer's sentences write them: bn RMB with a true minus sign."""

from math import floor, log10

from engine.units import FEN_PER_BN_RMB


def finer(market_fen: float) -> int:
    """Return how many decimals more than of one of 100 bn RMB amounts of a market have.

        max(0, 2 - floor(log10(market in bn RMB)))

    Parameters
    ----------
    market_fen
        What it should sell, fen; 0 where that is not known: then none.
    """
    return max(0, 2 - floor(log10(market_fen / FEN_PER_BN_RMB))) if market_fen > 0 else 0


def bn(fen: float, market_fen: float = 0.0) -> str:
    """Return an amount in bn RMB: one decimal, two below one bn; what rounds to 0 has no sign.

    In a smaller market that holds of an amount so many times as small.
    """
    if fen == 0:
        return "0"
    amount, more = fen / FEN_PER_BN_RMB, finer(market_fen)
    if abs(amount) >= 10.0**-more:
        text = f"{amount:.{1 + more}f}".rstrip("0").removesuffix(".")
    else:
        text = f"{amount:.{2 + more}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "\N{MINUS SIGN}")

"""What is added up in every session: accounts of the ledger, counters, and sums of a day."""

from enum import IntEnum


class Account(IntEnum):
    """Columns of a ledger; money in fen, all of simulated (unweighted) orders."""

    ORDERS = 0
    GMV = 1
    PAID = 2
    OWN_COUPON = 3
    PARTNER_COUPON = 4
    COMMISSION = 5
    TAKE = 6
    SUPPLIER = 7
    RETURNED = 8
    RETURNED_GMV = 9
    RETURNED_PAID = 10
    RETURNED_OWN_COUPON = 11
    RETURNED_PARTNER_COUPON = 12
    RETURNED_COMMISSION = 13
    RETURNED_TAKE = 14
    RETURNED_SUPPLIER = 15
    LEAKED = 16
    CAPPED = 17
    ELSEWHERE = 18


class Count(IntEnum):
    """Scalar counters of a day.

    The last four are expected sales, in fixed point, of the looks at which responses to prices
    are read (see `sessions.responses`), and how these would fall with the log of prices.
    """

    SESSIONS = 0
    STAYED_AWAY = 1
    LOOKS = 2
    REFUSED_COUPONS = 3
    STOCK_OUTS = 4
    PAYING_BUYERS = 5
    NEW_BUYERS = 6
    MONTH_BUYERS = 7
    MONTH_TWICE = 8
    MONTH_RETAINED = 9
    FEED_VISITS = 10
    ADS_FEN = 11
    CLAIMED_FEN = 12
    FEED_LOOKS = 13
    PRICED_BUYS = 14
    OWN_RESPONSE = 15
    KIND_RESPONSE = 16
    MARKET_RESPONSE = 17


N_SUMS = 2
EXPECTED, EXPECTED_PAID = range(N_SUMS)
"""Sums of a day: expected orders (fixed point), expected payments (fen)."""

"""Ads (M19): suppliers bid for a part of the public feed.

bid = bid share * the sellers' margin per visit of the stream, if it beats the reserve
weight = (1 - load) * earned weight / sum + load * bid / sum of bids
price of a feed visit to the platform = load * sum bid^2 / sum bid   (each pays its bid)

What is spent on ads is no manna: it leaves the sellers' margin. Of ads per GMV a and per margin
b they count the share `burden` as a cost of every sale when they set prices, fee + burden * a,
and what is left of their sales when they judge the platform, 1 - burden * b.
"""

from engine.jit import rule

_HIGHEST_FEE = 0.95
"""Of a price, the most that commission, take and ads take together."""


@rule
def bid(margin_per_visit, bid_share, reserve):
    """Fen per visit that the sellers of a stream bid; 0 below the reserve (fen per visit)."""
    offered = bid_share * max(margin_per_visit, 0.0)
    return offered if offered >= reserve else 0.0


@rule
def mixed_weight(earned_share, bid_share_of_all, load):
    """Share of the feed from what was earned and what was bought."""
    return (1.0 - load) * earned_share + load * bid_share_of_all


@rule
def fee_with_ads(fee, ads_share, burden):
    """Fee as a share of price, with the ads that a sale takes; at most `_HIGHEST_FEE`."""
    return min(fee + burden * ads_share, _HIGHEST_FEE)


@rule
def left_after_ads(ads_of_margin, burden):
    """Share of what a seller earns that ads leave, in [0, 1]."""
    return max(0.0, 1.0 - burden * ads_of_margin)

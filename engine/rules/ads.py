"""Ads (M19): suppliers bid for a part of the public feed.

bid = bid share * the sellers' margin per visit of the stream, if it beats the reserve
weight = (1 - load) * earned weight / sum + load * bid / sum of bids
price of a feed visit to the platform = load * sum bid^2 / sum bid   (each pays its bid)
"""

from engine.jit import rule


@rule
def bid(margin_per_visit, bid_share, reserve):
    """Fen per visit that the sellers of a stream bid; 0 below the reserve (fen per visit)."""
    offered = bid_share * max(margin_per_visit, 0.0)
    return offered if offered >= reserve else 0.0


@rule
def mixed_weight(earned_share, bid_share_of_all, load):
    """Share of the feed from what was earned and what was bought."""
    return (1.0 - load) * earned_share + load * bid_share_of_all

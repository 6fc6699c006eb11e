"""Private or public (M9): which domain a session enters.

P(private) = A / (A + pi),  A = sum of affinities to followed anchors
pi = pull * public_share / (1 - public_share)
"""

from engine.jit import rule


@rule
def public_odds(pull, public_share):
    """pi: the affinity that the feed is worth."""
    return pull * public_share / (1.0 - public_share)


@rule
def family_passes(family_share, family_cap):
    """Share of missed visits that a family member takes over, under the cap (M6)."""
    return min(family_share, family_cap)

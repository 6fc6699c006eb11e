"""Brands break out: awareness grows with satisfied sales (M2), own following earns feed (M10).

awareness += gain * (1 + support) * kept units per 1,000 people * (1 - awareness)
brand = given + (1 - given) * awareness            for the platform's own brands
feed factor = 1 + brand support * f / (1 + f),     f = fans / mean fans of who has begun
"""

from engine.jit import rule


@rule
def grown_awareness(awareness, gain, support, kept_units_per_thousand):
    """Awareness in [0, 1] after a day; `kept_units_per_thousand` of the pool, not returned."""
    step = min(gain * (1.0 + support) * kept_units_per_thousand, 1.0)
    return awareness + step * (1.0 - awareness)


@rule
def known_brand(given, awareness):
    """How well known a brand is: what it brought and what it earned here."""
    return given + (1.0 - given) * awareness


@rule
def brand_feed_factor(support, relative_fans):
    """Factor on the feed weight of a brand's own account."""
    return 1.0 + support * relative_fans / (1.0 + relative_fans)

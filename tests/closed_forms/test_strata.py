"""Rows that stand for many anchors: which ranks they are, and figures of the market they make up.

Cochran, Sampling Techniques, 3rd ed. 1977, ch. 5 (stratified samples).
"""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calibrate.measures import _rank_exponent
from engine.market.ledger.recorder import concentration
from engine.measures.measure import _top_share, largest
from engine.population.anchors import _even_strata, _rank_strata, mean_ranks, strength_of_rank
from tests.market.test_facts import observed
from tests.worlds import case


@given(
    rows=st.integers(1, 400),
    more=st.integers(0, 20_000),
    heads=st.integers(0, 300),
    cut=st.integers(0, 500),
)
def test_strata_are_all_ranks_once(rows: int, more: int, heads: int, cut: int) -> None:
    market = rows + more
    strata = _rank_strata(market, rows, heads, (cut,))
    assert strata.size == rows + 1
    assert (strata[0], strata[-1]) == (0, market)
    assert np.all(np.diff(strata) >= 1)
    if rows > 1 and 0 < cut < market:
        assert cut in strata


@pytest.mark.parametrize(("market", "rows"), [(1000, 200), (5000, 200), (5000, 1000), (90, 90)])
def test_the_largest_are_single_and_strata_grow(market: int, rows: int) -> None:
    heads = min(300, rows // 2)
    sizes = np.diff(_rank_strata(market, rows, heads))
    assert np.all(sizes[:heads] == 1)
    assert np.all(np.diff(sizes) >= -1)  # whole anchors: a size may be rounded down once
    assert sizes[-1] == sizes.max()


@given(market=st.integers(1, 3000), share=st.floats(0.01, 1))
def test_equal_anchors_are_dealt_out_evenly(market: int, share: float) -> None:
    rows = max(1, int(share * market))
    sizes = np.diff(_even_strata(market, rows))
    assert sizes.sum() == market
    assert sizes.max() - sizes.min() <= 1


def test_mean_ranks() -> None:
    assert mean_ranks(np.array([1.0, 1.0, 4.0, 3.0])).tolist() == [0, 1, 3.5, 7]
    assert np.array_equal(mean_ranks(np.ones(50)), np.arange(50))
    several = strength_of_rank(mean_ranks(np.array([1.0, 2.0, 5.0])), 8.0)
    assert several[0] == 1
    assert several[1] == pytest.approx(1 - np.log(2.5) / np.log(9))


VALUES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), min_size=1, max_size=30).filter(
    lambda rows: any(value for value, _ in rows)
)


@settings(deadline=None)  # the first call compiles
@given(rows=VALUES, others=st.integers(0, 50))
def test_a_row_of_w_anchors_is_w_equal_anchors(rows, others: int) -> None:
    """Top shares, Gini and HHI are those of a population in which everybody has a row."""
    values, many = np.array(rows, float).T
    each = np.repeat(values, many.astype(int))
    seen = concentration(values, many, others)
    expected = concentration(np.concatenate([each, np.zeros(others)]), np.ones(each.size + others))
    assert seen == pytest.approx(expected, rel=1e-12, abs=1e-15)
    for count in (1, 10, 25, 100):
        share = _top_share(values * many, count, many)
        assert share == pytest.approx(_top_share(each, count, np.ones(each.size)), rel=1e-12)
        assert share == pytest.approx(np.sort(each)[::-1][:count].sum() / each.sum(), rel=1e-12)


def test_of_a_row_at_the_edge_some_are_among_the_largest() -> None:
    rows, many = largest(np.array([3.0, 32.0, 5.0]), 6, np.array([1.0, 8.0, 1.0]))
    assert rows.tolist() == [2, 1]
    assert many.tolist() == [1, 5]


LAWS = ("top1", "top10", "top25", "top100")


def lognormal_shares(anchors: int) -> dict[str, float]:
    """Top shares of a lognormal of sales over so many anchors, with the published top 100.

    The q largest of n hold 1 - Phi(z(1 - q / n) - sigma), Cowell 2011, appendix A; per cent.
    """
    phi, z = NormalDist().cdf, NormalDist().inv_cdf
    held = observed("top_share(100)", "May 2020") / 100
    sigma = z(1 - 100 / anchors) - z(1 - held)
    return {law: 100 * (1 - phi(z(1 - int(law[3:]) / anchors) - sigma)) for law in LAWS}


def test_the_number_of_anchors_is_the_one_at_which_published_figures_agree() -> None:
    """With a top 100 as published, fewer or more anchors miss the other top shares."""
    shares = lognormal_shares(case().scenario.anchors.market_count)
    for law in LAWS:
        published = observed(f"top_share({law[3:]})", "May 2020")
        assert shares[law] == pytest.approx(published, rel=0.12)
    published = observed("rank_size_exponent", "May 2020")
    exponent = _rank_exponent(shares["top10"], shares["top100"])
    assert exponent == pytest.approx(published, rel=0.12)
    assert lognormal_shares(5000)["top10"] > 1.4 * observed("top_share(10)", "May 2020")

"""A name says what a policy does, shortly, and never names what cannot act."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.inert import Difference, differences
from engine.decision.names import lever_phrase, policy_name
from engine.spec.levers import set_levers
from tests.kinds import KINDS, LEVERS, ROLES
from tests.worlds import case

TODAY = case("policy=h1_2020").policy
RATES = [f"subsidy.rate.{kind}" for kind in KINDS]


def name(values: dict[str, object], at: date | None = None) -> str:
    return policy_name(differences(set_levers(TODAY, values, "trial-113"), TODAY, ROLES, at))


def test_the_headline_of_a_policy_without_a_purse_names_no_coupon():
    found = name({"subsidy.budget_bn_rmb": 0.0, **dict.fromkeys(RATES, 0.19), "price.cap": 0.6})
    assert found == "cap 0.6, no coupons"
    assert "%" not in found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "as today"),
        ({"price.cap": 0.8}, "as today"),
        (
            {"subsidy.rate.multinational": 0.19, "subsidy.budget_bn_rmb": 1.8, "price.cap": 0.7},
            "19 % on multinationals, cap 0.7, purse 1.8 bn",
        ),
        (dict.fromkeys(RATES, 0.1), "10 % on everything"),
        ({RATES[0]: 0.1, RATES[2]: 0.25}, "25 % on domestic brands, 10 % on factory goods"),
        (dict.fromkeys(RATES, 0.0), "no coupon on everything"),
        (dict.fromkeys(RATES[2:4], 0.1), "10 % on domestic brands and multinationals"),
        ({"target.knots": (0.5, 1.0)}, "another path to the target"),
        ({"traffic.ad_load": 0.0}, "no ads"),
        ({"subsidy.rate.source": {date(2020, 1, 1): 0.1, date(2020, 9, 1): 0.2}},
         "10 to 20 % on factory goods"),
        ({"traffic.exponent": 1.2}, "feed by sales^1.2"),
        ({"supply.library_open.head": 1.0}, "library 100 % for heads"),
        ({"subsidy.budget_bn_rmb": 120.0}, "purse 120 bn"),
    ],
)  # fmt: skip
def test_names(values, words):
    assert name(values) == words


@pytest.mark.parametrize("path", LEVERS)
def test_every_lever_has_words(path):
    for value in {0.3, LEVERS[path].off} - {None}:
        said = lever_phrase(Difference(path, value, 0.2, LEVERS[path]))
        assert said
        assert path not in said


def test_what_has_passed_is_not_named():
    dated = {"price.cap": {date(2020, 1, 1): 0.6, date(2020, 6, 1): 0.8}}
    assert name(dated) != "as today"
    assert name(dated, date(2020, 6, 1)) == "as today"


@settings(max_examples=60, derandomize=True)
@given(st.dictionaries(st.sampled_from([p for p, e in LEVERS.items() if not e.choices]),
                       st.sampled_from([0.0, 0.5, 1.0]), max_size=12))  # fmt: skip
def test_a_name_is_short_the_same_and_of_every_lever(shares):
    values = {
        path: round(lo + share * (hi - lo)) if LEVERS[path].integer else lo + share * (hi - lo)
        for path, share in shares.items()
        for lo, hi in (LEVERS[path].search[:2],)
    } | {"target.revisions": ()}
    found = differences(set_levers(TODAY, values, "a"), TODAY, ROLES)
    text = policy_name(found)
    assert text == policy_name(found[::-1])
    assert len(text) <= 150
    assert "{" not in text
    for one in found:
        assert lever_phrase(one)

"""The words by which options and policies are told, each with what it means."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

_OF_A_POLICY: Final = re.compile(
    r"\+{0,2}(?P<group>policy|history|control|(?:policies|baselines)\.(?P<key>\w+))"
    r"\.(?!name=)(?P<change>[\w.]+=.*)",
    re.DOTALL,
)
"""A word of a command that sets a part of a policy otherwise than its file does."""

POLICY_WORDS: Final[dict[str, str]] = {
    "Today": "What is done now, carried on unchanged to the end of the horizon.",
    "World": (
        "One set of values for what nobody knows, such as how buyers answer to prices; all of"
        " them fit what was published, and every policy is simulated in each. A name as point_12 is"
        " its number among the settings that the calibration tried."
    ),
    "Knee": "The target from which on each further RMB of sales costs clearly more than before it.",
    "Purse": "What the platform may spend on its own coupons in a calendar year.",
    "Coupon on goods": "What the platform takes off a price, as a share of it; the purse pays.",
    "Partner": (
        "The retail company that sells its goods here and pays a part of the coupons on them "
        "from a purse of its own."
    ),
    "Plan festivals, cap, floor": (
        "Festivals on which suppliers who join the plan keep their prices at most at the cap,"
        " a share of the price elsewhere, and pay anchors at least the floor, a share of the "
        "price."
    ),
    "Library": (
        "The list of goods to sell from that an anchor is offered: the share of it that "
        "heads, the middle or small anchors may choose from."
    ),
    "Heads, middle, small anchors": (
        "The anchors with the largest audiences, those behind them, and all others."
    ),
    "Gate": "How strictly links that lead buyers out to other shops are kept closed.",
    "Feed": "The streams that the app shows of its own accord, beside those that buyers follow.",
    "Load, ads": "How much of the feed sells goods, and how much of it suppliers pay for.",
    "Target, path, push": (
        "What the platform steers by in the year: where sales lag behind the path to the "
        "target, coupons, load and recruiting are pushed up."
    ),
    "Recruiting": "How much faster than by themselves suppliers are won; above 1 it costs.",
    "80 % of worlds": (
        "From one world to another: a tenth of the weight lies below the first, a tenth above the "
        "last. Worlds alone are told apart by it, not luck."
    ),
    "Seed": (
        "What all chance of a run follows from. Policies under the same seed meet the same luck; "
        "a fresh seed is one that the search has not seen."
    ),
    "Frontier": "The policies that no other one found beats both in sales and in contribution.",
    "Most missed in a world": (
        "What a policy brings less than the best one in the same world, in the world where that "
        "is most."
    ),
    "Kept coupons": "Coupons given, less those that come back with returned goods.",
    "sd": (
        "Standard deviation: of a figure, by how much it may be off for its tolerance, for the "
        "luck of runs and for what a right model leaves out."
    ),
}
"""Of pages with options, in the order in which a reader meets them."""


def changed_policies(command: str, config: Mapping[str, Any]) -> list[str]:
    """Say of each policy that a command changes what it changes: tables keep the file's name.

    Parameters
    ----------
    command : as `engine.results.typed.typed_again` returns it.
    config : of the job, which names its policy, its history and its control.
    """
    found: dict[str, list[str]] = {}
    for word in shlex.split(command):
        if own := _OF_A_POLICY.fullmatch(word):
            group = own["group"]
            name = own["key"] or (config.get(group) or {}).get("name") or group
            found.setdefault(str(name), []).append(own["change"])
    return [f"{name}, changed: {', '.join(own)}." for name, own in found.items()]

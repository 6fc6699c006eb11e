"""The template's world at another size: scenario, unknowns, plausible worlds."""

import re
from math import log
from pathlib import Path
from typing import Any, Final

import yaml

from engine.spec.words import in_currency
from engine.starter.facts import Facts, Sizes
from engine.yaml_text import rewritten

_TEMPLATE: Final = "kuaishou_2020"

_Places = dict[tuple[str, ...], float | str]

_HEAD: Final = """\
# A market of your own: {name}, {year}. It is the scenario kuaishou_2020 at the size of your facts.
# After `#` every number names its unit and, behind `|`, where it comes from: `facts` and `scaled`
# follow what was given to experiments.init; all else is still the template's, whose sources are
# rows of its own figures. Replace what you know better; `experiments.calibrate` fits the rest.
"""

_EVENTS: Final = {
    "super brand days of March": "March days",
    "616 shopping festival": "June festival",
    "brand festival of September": "September festival",
    "116 shopping festival": "November festival",
    "Tmall 618": "rival in June",
    "Tmall Double 11": "rival in November",
}
"""Events of the template, and what stands in their place until you name your own."""

_SEASON: Final = (
    "  # China's of 2020, when New Year fell on 25 January: put your own market's and year's.\n"
)

WORLD_ASSUMED: Final = (
    "tastes, habits, returns and commissions are those of Kuaishou's buyers and sellers in 2020",
    "sales grow over the year as Kuaishou's did in 2020, until calibrate is given your own months",
    "festivals and the rival's campaigns lie where China's do: correct calendar in the scenario",
    "no anchor leaves, there are no guest streams and no retail partner",
    "seasons are those of China in 2020, when New Year fell on 25 January: calendar.demand_season",
    "1,000 anchors sell, as in the template; correct anchors.market_count, else incomes are off",
)
"""What does not depend on the facts."""


def world_files(name: str, facts: Facts, sizes: Sizes, conf: Path) -> dict[str, str]:
    """Return the files of the world by their place in the folder.

    Parameters
    ----------
    name : of the market.
    facts : what is known of it.
    sizes : how large it is.
    conf : the config folder of the template, whose comments and order stay.
    """

    def template(group: str, option: str = _TEMPLATE) -> str:
        return (conf / group / f"{option}.yaml").read_text(encoding="utf-8")

    return {
        f"scenario/{name}.yaml": _scenario_text(template("scenario"), name, facts, sizes),
        f"unknowns/{name}.yaml": _unknowns_text(template("unknowns"), name, facts, sizes),
        f"ensemble/{name}.yaml": _ensemble_text(template("ensemble", "default"), name),
    }


def _scenario_text(template: str, name: str, facts: Facts, sizes: Sizes) -> str:
    """Return the scenario of a market of one's own."""
    text = _without_events(template)
    tree = yaml.safe_load(text)
    text = rewritten(text, {**_scaled(tree, sizes), **_given(tree, facts, sizes)}, _as_scaled)
    text = rewritten(text, _named(tree, name, facts))
    body = text[text.index("name: ") :]
    size = (
        f"currency: {facts.currency}\n"
        "size: # what ranges of money in the search follow\n"
        f"  gmv_bn_rmb: {sizes.goal_bn:g}  # bn RMB a year | facts\n"
        f"  order_value_rmb: {rounded(70 * sizes.money):g}"
        "  # RMB: as 70 to the template, where the mean order comes to 54 | scaled\n"
    )
    first, rest = body.split("\n", 1)
    whole = f"{_HEAD.format(name=name, year=facts.year)}{first}\n{size}{rest}"
    return in_currency(whole, facts.currency)


def _unknowns_text(template: str, name: str, facts: Facts, sizes: Sizes) -> str:
    """Return what is not known of the market: the template's ranges, moved with its size."""
    text = template[: template.index("  calendar:\n")]  # the guest streams of the template
    text = re.sub(r"\n    partner:\n(?:      .*\n)+", "\n", text)
    ranges = {
        ("ranges", "suppliers", "source", "price_rmb"): ((20, 58), sizes.money),
        ("ranges", "buyers", "visits_per_day"): ((0.35, 0.8), sizes.visits),
        ("ranges", "platform", "take_share"): ((0.5, 1.3), facts.fee_share or 0.02),
    }
    places: _Places = {
        (*path, end): rounded(value * factor)
        for path, (ends, factor) in ranges.items()
        for end, value in zip(("low", "high"), ends, strict=True)
    }
    text = re.sub(r"(all kinds \| ).*", r"\1half of what the fact asks for to 1.3 times that", text)
    take = ("ranges", "platform", "take_share", "high")
    places[take] = min(0.3, float(places[take]))
    # A wallet holds what a buyer's record does (`engine.spec.scenario`): 20,000 a month.
    places["ranges", "buyers", "wallet_level", "high"] = min(4.0, rounded(11 / sizes.income))
    text = rewritten(text, {**places, ("name",): name})
    head = f"# What is not known of {name}, and the range in which it is thought possible.\n"
    return in_currency(head + text[text.index("name: ") :].rstrip() + "\n", facts.currency)


def _ensemble_text(template: str, name: str) -> str:
    """Return plausible worlds of the market, until calibrate leaves better ones."""
    text = re.sub(r"  head_stays:.*\n  head_leaves_for_good:\n.*\n", "", template)
    body = rewritten(text[text.index("name: ") :], {("name",): name})
    return (
        "# What is not known of the market and matters: a policy should do well in all of these.\n"
        "# experiments.calibrate leaves an ensemble that your figures do not rule out.\n"
    ) + body


def rounded(value: float) -> float:
    """Three significant digits: what is scaled is no more exact."""
    return float(f"{value:.3g}")


def _without_events(template: str) -> str:
    """Leave out what happened to the template's platform alone."""
    for word in ("absences", "trial_streams"):
        template = re.sub(rf"(?m)^  {word}:\n(?:    .*\n)+", f"  {word}: []\n", template)
    template = template.replace("of the 250 bn goal", "of the goal")
    template = re.sub(r"(?m)^  # January and February are published .*\n", _SEASON, template)
    return re.sub(r"(?m)^  partner_date: \S+ ", "  partner_date: null ", template)


def _scaled(tree: Any, sizes: Sizes) -> _Places:
    """Everything in the scenario that has a scale, at its new value."""
    people, money, gmv = sizes.people, sizes.money, sizes.gmv
    factors: dict[tuple[str, ...], float] = {
        ("platform", "incubation_cost_rmb"): gmv,
        ("platform", "recruiting_cost_rmb"): gmv,
        ("buyers", "visits_per_day"): sizes.visits,
        ("buyers", "monthly_budget_rmb", "tier12"): sizes.income,
        ("buyers", "monthly_budget_rmb", "tier3"): sizes.income,
        ("anchors", "newcomer_fans_count"): people,
        ("suppliers", "investment", "scale_bn_rmb"): gmv,
    }
    for kind in _kinds(tree):
        factors["suppliers", kind, "price_rmb"] = money
        factors["suppliers", kind, "expected_sales_rmb"] = sizes.income
        factors["suppliers", kind, "capacity_units"] = people * sizes.visits
    for month, _ in enumerate(tree["platform"]["app_dau_million"]):
        factors["platform", "app_dau_million", str(month)] = sizes.users
    fans = tree["anchors"]["fans_log_mean"] + log(people)
    places: _Places = {path: rounded(_at(tree, path) * factor) for path, factor in factors.items()}
    pool = round(rounded(tree["platform"]["pool_count"] * people))
    own: _Places = {
        ("platform", "pool_count"): pool,
        ("anchors", "fans_log_mean"): round(max(fans, 0.0), 2),
    }
    return places | own


def _given(tree: Any, facts: Facts, sizes: Sizes) -> _Places:
    fee = rounded(facts.fee_share)
    take: _Places = {("platform", "take_share", kind): fee for kind in _kinds(tree)}
    goal: _Places = {("platform", "goal_bn_rmb"): sizes.goal_bn}
    return goal | take


def _kinds(tree: Any) -> list[str]:
    return [kind["name"] for kind in tree["kinds"]]


def _named(tree: Any, name: str, facts: Facts) -> _Places:
    """Texts and dates of the market's own."""
    events: _Places = {
        ("calendar", group, str(place), "name"): _EVENTS[event["name"]]
        for group in ("festivals", "rival_campaigns")
        for place, event in enumerate(tree["calendar"][group])
    }
    days = {"first_day": "01-01", "start": "01-01", "end": "12-31"}
    dates: _Places = {("calendar", key): f"{facts.year}-{day}" for key, day in days.items()}
    return events | dates | {("name",): name}


def _at(tree: Any, path: tuple[str, ...]) -> float:
    for part in path:
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    return float(tree)


def _as_scaled(comment: str) -> str:
    """Say of a value that it follows the facts."""
    before, bar, _ = comment.partition("| ")
    return f"{before}{bar}scaled" if bar else comment

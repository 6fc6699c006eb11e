"""The price of each target, the plan, its levers and the worlds, in words and cells.

Drawn from the rows of `price_of_target`, `plan`, `attribution`, `value` and `weights`, for
terminal and page.
"""

from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from typing import Final, NamedTuple

from engine.decision.amounts import bn, finer
from engine.measures.run_off import VALUED, run_off_days, value_measure
from engine.report.figure_names import figure_in_words
from engine.report.formatting import NONE
from engine.results.schemas import Row
from engine.units import FEN_PER_BN_RMB

PRICE_TITLE: Final = "The cheapest way to each target, against today's policy (bn RMB)"

AS: Final = "as "
"""Before the letter of a policy that stands in a row above."""

_MISS: Final = "miss."
"""What the columns of `worlds` begin with that hold misses."""

_EFFECTS_TOLD: Final = 4
"""Levers of the recommended policy whose effects are listed, the largest first."""

_AFTER: Final = ("pulled_forward", "left_behind")
"""Terms of a value that come after the year."""


class _AnswerTable(NamedTuple):
    """A table of the answer: its heads, and the cells under them of the rows of a result table."""

    heads: tuple[str, ...]
    cells: Callable[..., list[list[str]]]


def advice_about(about: str, advice: Sequence[Row]) -> str:
    """Return the sentences on one thing, of the rows of `advice`, as a paragraph."""
    return " ".join(row["sentence"] for row in advice if row["about"] == about)


def letters(prices: Sequence[Row]) -> dict[str, str]:
    """Return what each policy of the price table does, by a letter that stands for it."""
    said = dict.fromkeys(row["says"] for row in prices if row["says"])
    return dict(zip(ascii_uppercase, said, strict=False))


def _prices(prices: Sequence[Row]) -> list[list[str]]:
    """A target a row; one whose policy stands in a row above says “as” and its letter."""
    by_policy = {said: letter for letter, said in letters(prices).items()}
    market = _market_fen(prices)
    lettered = []
    for row in prices:
        letter = by_policy.get(row["says"], "")
        lettered.append(f"{AS}{letter}" if letter in lettered else letter)
    return [_price_cells(*each, market) for each in zip(prices, lettered, strict=True)]


def _market_fen(rows: Sequence[Row]) -> float:
    """Return the size of a market, fen: the largest target, or what is sold up to a month."""
    of = {"target_fen", "middle_fen"}
    return max((row[name] for row in rows for name in of & row.keys()), default=0.0)


def _price_cells(row: Row, letter: str, market_fen: float) -> list[str]:
    more = finer(market_fen)
    start = [bn(row["target_fen"], market_fen), f"{row['p_reach_without']:.2f}"]
    if not row["says"]:
        return [*start, "none", *[NONE] * (len(PRICES.heads) - 3)]
    return [
        *start,
        letter,
        _bn(row["net_cost_fen_q50"], more),
        _range(row["net_cost_fen_q10"], row["net_cost_fen_q90"], more),
        _share(row["marginal_cost_share"]),
        _shares(row["marginal_cost_share_q10"], row["marginal_cost_share_q90"]),
        f"{row['p_reach']:.2f}",
        _shares(row["p_reach_ci_low"], row["p_reach_ci_high"]),
        f"{row['p_reach_worst']:.2f}",
        _bn(row["subsidy_fen"], more),
    ]


def _plan(plan: Sequence[Row]) -> list[list[str]]:
    """A month that is still to come a row."""
    more = finer(_market_fen(plan))
    return [
        [
            f"{row['month']:%Y-%m}",
            _bn(row["gmv_fen"], more),
            _bn(row["middle_fen"], more),
            _range(row["low_fen"], row["high_fen"], more),
            _bn(row["target_fen"], more) if row["target_fen"] > 0 else NONE,
            _bn(row["subsidy_fen"], more),
        ]
        for row in plan
        if not row["is_past"]
    ]


def plan_sentences(
    plan: Sequence[Row], value: Sequence[Row], prices: Sequence[Row] = ()
) -> list[str]:
    """Say what the months to come sell, and what a policy is worth in the year and after it."""
    return [said for said in (_plan_sentence(plan, prices), _value_sentence(value, prices)) if said]


def _plan_sentence(plan: Sequence[Row], prices: Sequence[Row]) -> str:
    """Say in a line what each month to come sells, and where the year ends, bn RMB.

    The coupons of the months to come and those of the months before are the table's whole subsidy.
    """
    ahead = [row for row in plan if not row["is_past"]]
    if not ahead:
        return ""
    more = finer(_market_fen(plan))
    months = ", ".join(f"{row['month']:%b} {_bn(row['gmv_fen'], more)}" for row in ahead)
    coupons = _bn(sum(row["subsidy_fen"] for row in ahead), more)
    spent = sum(row["subsidy_fen"] for row in plan if row["is_past"])
    coupons += f" and {_bn(spent, more)} in the months before" if spent else ""
    last = of_first_year(ahead)[-1]
    end = f"{_bn(last['middle_fen'], more)} ({_range(last['low_fen'], last['high_fen'], more)})"
    until = f"by the end of {last['month']:%b} {end}"
    is_found = any(row["is_recommended"] for row in prices)
    whose = "Plan of the recommended policy" if is_found else "Going on as today"
    return f"{whose}, GMV in bn RMB: {months}; coupons {coupons}; {until}."


def of_first_year(ahead: Sequence[Row]) -> list[Row]:
    """Return the months to come of the calendar year of the first, whose targets are priced."""
    return [row for row in ahead if row["month"].year == ahead[0]["month"].year]


def _value_sentence(value: Sequence[Row], prices: Sequence[Row]) -> str:
    """Say in a line what a policy is worth in the year and with the most days after, bn RMB."""
    cells = _value(value)
    if not cells:
        return ""
    told = [
        f"{worth} ({interval})" + (f" with {days} days after" if days != "0" else "")
        for days, worth, interval, *_ in cells[:: max(len(cells) - 1, 1)]
    ]
    own = [row for row in prices if row["policy"] == value[0]["policy"]]
    whose = "the recommended policy"
    if own and not any(row["is_recommended"] for row in own):
        whose = f"the policy for {bn(own[-1]['target_fen'], _market_fen(prices))} bn RMB"
    start = f"Contribution of {whose} against today's, in {few_pairs(value)}, bn RMB"
    return f"{start}: {'; '.join(told)}."


def _worlds(worlds: Sequence[Row], market_fen: float = 0.0) -> list[list[str]]:
    """A world a row."""
    more = finer(market_fen)
    return [
        [
            row["world"],
            f"{row['weight']:.2f}",
            _largest_miss(row),
            _without(row),
            NONE if row["without_reach"] is None else f"{row['without_reach']:.2f}",
            _bn(row["without_cost_fen"], more),
        ]
        for row in worlds
    ]


def _largest_miss(row: Row) -> str:
    """The figure that a world misses most, in standard deviations."""
    misses = {name.removeprefix(_MISS): row[name] for name in row if name.startswith(_MISS)}
    if not misses:
        return NONE
    figure = max(misses, key=lambda name: abs(misses[name]))
    return f"{_minus(f'{misses[figure]:+.1f}')} sd, {figure_in_words(figure)}"


def _without(row: Row) -> str:
    if row["without_is_same"] is None:
        return NONE
    return "the same" if row["without_is_same"] else row["without_policy"] or "none"


def _value(value: Sequence[Row]) -> list[list[str]]:
    """A length of run-off a row."""
    found = {row["measure"]: row for row in value}
    lengths = sorted({days for row in value if (days := run_off_days(row["measure"])) is not None})
    return [_value_cells(found, days) for days in lengths]


def _value_cells(found: Mapping[str, Row], days: int) -> list[str]:
    """Return the cells of one length; without run-off the value is that of the year."""
    contribution, gmv = VALUED

    def row_of(flow: str, term: str, after: int = days) -> Row:
        return found[value_measure(flow, after, term)]

    term = "whole" if days else "in_the_year"
    more = finer(row_of(gmv, "in_the_year", 0)["baseline_mean"])
    whole = row_of(contribution, term)
    parts = [row_of(contribution, part)["difference"] for part in _AFTER] if days else [None, None]
    return [
        f"{days}",
        _bn(whole["difference"], more),
        _range(whole["ci_low"], whole["ci_high"], more),
        _bn(row_of(contribution, "in_the_year", 0)["difference"], more),
        *(_bn(part, more) for part in parts),
        _bn(row_of(gmv, term)["difference"], more),
    ]


def effect_sentences(
    effects: Sequence[Row], plan: Sequence[Row] = (), most: int = _EFFECTS_TOLD
) -> list[str]:
    """Say what the levers of the recommended policy do, the `most` largest first.

    Amounts have the digits of those of its `plan`.
    """
    more = finer(_market_fen(plan))
    found = [row for row in effects if row["view"] == "leave_one_out"]
    costs = {
        row["lever"]: row["effect"]
        for row in found
        if row["measure"] == "platform_contribution_fen"
    }
    alone = [row for row in found if row["measure"] == "gmv_paid_fen"]
    if not alone:
        return []
    ranked = sorted(alone, key=lambda row: -abs(row["effect"] or 0.0))
    none_told = not any(map(is_told, ranked))

    def limits(row: Row) -> str:
        found = _range(row["ci_low"], row["ci_high"], more)
        return found if none_told or is_told(row) else f"{found}: noise"

    told = [
        f"{row['says']} {_change(row['effect'], more)} ({limits(row)})"
        f" and {_change(costs[row['lever']], more)}"
        for row in ranked[:most]
    ]
    more = len(ranked) - most
    rest = f"; {more} more" if more > 0 else ""
    start = "What the largest changes of the recommended policy bring"
    if none_told:
        start = (
            "No single change of the recommended policy moves GMV beyond noise; the largest bring"
        )
    start += f", in {few_pairs(ranked)}, GMV (95 %) and contribution, bn RMB: "
    return [f"{start}{'; '.join(told)}{rest}."]


def is_told(row: Row) -> bool:
    """Whether the interval of an effect leaves out zero."""
    return row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)


def few_pairs(rows: Sequence[Row]) -> str:
    """Say on how many pairs of runs effects rest."""
    return f"{rows[0]['pairs_count']} pairs of runs"


def _bn(fen: float | None, more: int) -> str:
    """An amount with `more` decimals than in a market of 100 bn RMB, where it has at most one."""
    if fen is None:
        return NONE
    amount = fen / FEN_PER_BN_RMB
    return _minus(f"{amount:.{more + (abs(amount) < 100 / 10**more)}f}")


def _change(fen: float | None, more: int) -> str:
    return NONE if fen is None else _minus(f"{fen / FEN_PER_BN_RMB:+.{1 + more}f}")


def _range(low: float | None, high: float | None, more: int) -> str:
    return NONE if low is None or high is None else f"{_bn(low, more)} to {_bn(high, more)}"


def _share(share: float | None) -> str:
    return NONE if share is None else _minus(f"{share:.2f}")


def _shares(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"{_share(low)} to {_share(high)}"


def _minus(number: str) -> str:
    """A number with a true minus; what rounds to nothing has none."""
    if not float(number):
        return number.lstrip("+-")
    return number.replace("-", "\N{MINUS SIGN}")


PRICES: Final = _AnswerTable(
    (
        "Target",
        "P as today",
        "Policy",
        "Net cost",
        "80 % of worlds",
        "RMB per RMB",
        "RMB per RMB, 80 %",
        "P reach",
        "P reach, 95 %",
        "P worst",
        "Whole subsidy",
    ),
    _prices,
)
PLAN: Final = _AnswerTable(
    ("Month", "GMV", "Year so far", "10 to 90 %", "Target", "Subsidy"), _plan
)
WORLDS: Final = _AnswerTable(
    ("World", "Weight", "Largest miss", "Without it: recommended", "P reach", "Net cost, bn RMB"),
    _worlds,
)
VALUE: Final = _AnswerTable(
    ("Days after", "Value", "95 %", "In the year", "Pulled forward", "Left behind", "GMV"), _value
)

"""What is said and drawn of sensitivity indices."""

from typing import Any

import pytest
from rich.console import Console

from engine.report.charts.factors import factor_cells, sensitivity_pictures
from engine.report.findings.factor_words import factor_words
from engine.report.findings.sensitivity import factor_changes, moved_sentences, sensitivity_blocks
from engine.report.terminal.analyses import print_sensitivity
from engine.report.terms.translate import Terms
from engine.sensitivity.indices import _row
from tests.kinds import LEVERS

ROWS: list[dict[str, Any]] = [
    _row("levers", "price.cap", "gmv_paid_fen", "first", 0.1, 0.1),
    _row("levers", "price.cap", "gmv_paid_fen", "total", 0.2, 0.3),
    _row("levers", "subsidy.cap_rmb", "gmv_paid_fen", "first", 0.5, 0.1),
    _row("levers", "subsidy.cap_rmb", "gmv_paid_fen", "total", 0.7, 0.1),
    _row("levers", "noise", "gmv_paid_fen", "noise", 0.3),
    _row("levers", "price.cap", "gini", "first", None),
    _row("levers", "price.cap", "gini", "total", None),
    _row("search", "price.cap", "cost_fen", "importance", 0.6),
]


def test_the_strongest_stand_first_with_what_they_bring_alone() -> None:
    sales, gini, cost = sensitivity_blocks(ROWS)
    assert [factor.name for factor in sales.factors] == ["subsidy.cap_rmb", "price.cap"]
    assert sales.factors[0].alone == 0.5
    assert sales.noise == 0.3
    assert gini.factors == []
    assert cost.factors[0].alone is None


def test_only_what_is_distinguishable_from_zero_is_named() -> None:
    sales, gini, cost, noisy, _ = moved_sentences(ROWS)
    assert "cap on a coupon (0.70 ± 0.10)" in sales
    assert "price cap" not in sales  # its interval holds zero
    assert gini == "Gini is moved by none of the levers of the space."
    assert "price cap (0.60)" in cost
    assert "GMV as paid over the levers of the space (30%)" in noisy
    (unsure,) = moved_sentences([_row("levers", "price.cap", "gini", "total", 0.2, 0.3)])[:1]
    assert "none of the levers of the space is distinguishable" in unsure


def effect(name: str, value: float, half: float | None) -> dict[str, Any]:
    row = _row("levers", name, "gmv_paid_fen", "effect", value, half)
    return row | {"low": 0.0, "high": 40.0}


def test_the_way_and_the_amount_are_told_in_the_measures_unit(capsys) -> None:
    rows = [
        *ROWS,
        effect("subsidy.cap_rmb", 12.3e11, 2e11),
        effect("price.cap", -1e11, 3e11),  # not distinguishable from zero
    ]
    (said,) = (one for one in moved_sentences(rows) if "raising" in one)
    assert said == (
        "GMV as paid: raising cap on a coupon from 0 to 40 changes it by +12.3 ± 2.0 bn RMB."
    )
    print_sensitivity(rows, Console(width=80))
    out = capsys.readouterr().out
    assert "GMV as paid, bn RMB" in out
    assert "+12.3 ± 2.0" in out
    assert "−1.00 ± 3.00" in out
    assert "A change is in the unit beside the measure" in out


def test_what_its_interval_drowns_is_no_figure(capsys) -> None:
    rows = [
        _row("levers", "price.cap", "gmv_paid_fen", "first", 0.3, 63),
        _row("levers", "price.cap", "gmv_paid_fen", "total", 0.96, 63),
        effect("price.cap", 1e11, None),
    ]
    assert moved_sentences(rows)[0] == (
        "Not enough runs to tell what moves GMV as paid over the levers of the space. Ask for "
        "more: indices.base_points_count, replications."
    )
    print_sensitivity(rows, Console(width=110))
    out = capsys.readouterr().out
    assert "63" not in out
    assert "0.96" not in out
    assert "price.cap" not in out
    assert out.splitlines().count("  not enough runs".ljust(len("  not enough runs"))) <= 1
    assert sensitivity_pictures(rows) == []
    known = _row("levers", "price.cps_floor", "gmv_paid_fen", "total", 0.4, 0.1)
    print_sensitivity([*rows, known], Console(width=110))
    out = capsys.readouterr().out
    (line,) = (one for one in out.splitlines() if one.startswith("  price.cap"))
    assert line.count("not enough runs") == 1  # of three figures


@pytest.mark.parametrize(("first", "total"), [
    ((0.4, 0.2), (1.63, 0.4)),  # more than all of the variance
    ((0.9, 0.2), (0.3, 0.2)),  # more alone than with all others
    ((2.41, 0.6), (0.9, 0.3)),
])  # fmt: skip
def test_what_no_share_can_be_ranks_nothing(
    capsys, first: tuple[float, float], total: tuple[float, float]
) -> None:
    rows = [
        _row("levers", "subsidy.budget_bn_rmb", "cost_fen", "first", *first),
        _row("levers", "subsidy.budget_bn_rmb", "cost_fen", "total", *total),
    ]
    few = "Not enough runs to tell what moves Cost over the levers of the space."
    assert moved_sentences(rows)[0].startswith(few)
    assert sensitivity_pictures(rows) == []
    print_sensitivity(rows, Console(width=110))
    out = capsys.readouterr().out
    assert not any(f"{value:.2f}" in out for value, _ in (first, total))
    ((_, ((*_, whole, alone),)),) = factor_cells(rows)
    assert whole == "not enough runs"
    assert alone != f"{first[0]:.2f}"
    known = _row("levers", "price.cap", "cost_fen", "total", 0.6, 0.05)
    (said, *_) = moved_sentences([*rows, known])
    assert said == (
        "Cost: of the levers of the space, by price cap (0.60 ± 0.05); not enough runs for purse, "
        "which may move it more."
    )


def test_an_index_that_reaches_what_is_possible_stays() -> None:
    rows = [
        _row("levers", "subsidy.budget_bn_rmb", "cost_fen", "first", 1.05, 0.1),
        _row("levers", "subsidy.budget_bn_rmb", "cost_fen", "total", 1.1, 0.15),
    ]
    assert "most by purse (1.10 ± 0.15)" in moved_sentences(rows)[0]


def test_the_unit_of_a_change_stands_beside_every_measure(capsys) -> None:
    rows = [_row("levers", "price.cap", "top10_share", "total", 0.003, 0.002)]
    ((title, ((*_, whole, _),)),) = factor_cells(rows)
    assert title == "Top-10 share, pp: the levers of the space"
    assert whole == "<0.01"
    print_sensitivity(rows, Console(width=110))
    out = " ".join(capsys.readouterr().out.split())
    assert title in out
    assert "in the unit of its key. Shares of the variance are parts of 1" in out


def test_importance_is_no_share_of_the_variance(capsys) -> None:
    rows = [_row("search", "price.cap", "cost_fen", "importance", 0.6, 0.2)]
    print_sensitivity(rows, Console(width=110))
    out = " ".join(capsys.readouterr().out.split())
    assert "(± 95% interval)" in out
    assert "0.60 ± 0.20" in out
    assert "Importance adds up to 1 over the levers" in out
    assert "variance" not in out
    print_sensitivity([_row("search", "price.cap", "cost_fen", "importance", 0.6)], Console())
    assert "interval" not in capsys.readouterr().out  # none is promised where there is none


def test_an_unfinished_search_is_said_to_be_so(capsys) -> None:
    trials = _row("search", "trials", "cost_fen", "unfinished", 12.0) | {"high": 60.0}
    rows = [trials, _row("search", "price.cap", "cost_fen", "importance", 0.6, 0.2)]
    said = (
        "The search is not finished: 12 of 60 trials are done, and what is to come may change this."
    )
    assert moved_sentences(rows)[0] == said
    assert "12 trials" in moved_sentences([trials | {"high": None}])[0]
    assert [one.name for block in sensitivity_blocks(rows) for one in block.factors] == [
        "price.cap"
    ]
    print_sensitivity(rows, Console(width=110))
    assert "12 of 60 trials" in " ".join(capsys.readouterr().out.split())
    assert Terms("zh")(said).startswith("搜索尚未完成：60 次试验中已完成 12 次")


def test_every_factor_has_its_bar_and_noise_its_line() -> None:
    sales, cost = sensitivity_pictures(ROWS)
    assert sales.finding == (
        "GMV as paid is moved most by cap on a coupon, of the levers of the space"
    )
    rows = [row for rows in sales.spec["datasets"].values() for row in rows]
    assert [row["value"] for row in rows if "alone" in row] == [0.7, 0.2]
    assert {"x": 0.3} in rows
    assert "Noise brings 30%" in sales.note
    assert "oise" not in cost.note


def test_the_terminal_shows_the_strongest(capsys) -> None:
    print_sensitivity(ROWS, Console(width=80))
    out = capsys.readouterr().out
    assert "0.70 ± 0.10" in out
    assert "nothing moves it" in out


FEW: list[dict[str, Any]] = [
    _row("levers", "subsidy.budget_bn_rmb", "gmv_paid_fen", "total", 0.6, 0.55),
    _row("levers", "subsidy.cap_rmb", "gmv_paid_fen", "total", 0.5, 0.1),
    _row("levers", "price.cap", "gmv_paid_fen", "total", 0.1, 0.05),
    effect("subsidy.budget_bn_rmb", 38.5e11, 15.7e11),
    effect("subsidy.cap_rmb", -26.9e11, 9.8e11),
    effect("price.cap", 1e11, None),
]
"""The purse may move sales more than all others: it has too few runs."""


def test_nothing_moves_most_where_another_with_too_few_runs_may() -> None:
    share, change = sensitivity_pictures(FEW)
    assert share.finding == (
        "GMV as paid is moved by cap on a coupon and price cap, of the levers of the space; "
        "not enough runs for purse"
    )
    (said, *_) = moved_sentences(FEW)
    assert "most by" not in said
    assert said.endswith("not enough runs for purse, which may move it more.")
    assert (
        change.finding
        == "Raising purse from 0 to 40 bn RMB changes GMV as paid by +38.5 ± 15.7 bn RMB"
    )
    assert factor_changes(FEW) != []
    assert factor_changes(FEW[1:3]) == []


def test_too_close_is_not_most() -> None:
    rows = [
        _row("levers", "subsidy.cap_rmb", "gmv_paid_fen", "total", 0.5, 0.3),
        _row("levers", "price.cap", "gmv_paid_fen", "total", 0.4, 0.3),
    ]
    (one,) = sensitivity_pictures(rows)
    assert one.finding.endswith("too close to tell which moves it most")
    assert "too close to tell" in moved_sentences(rows)[0]


def test_a_share_that_rounds_to_nothing_moves_nothing() -> None:
    rows = [_row("levers", "subsidy.cap_rmb", "gmv_paid_fen", "total", 0.004, 0.001)]
    assert "0.00" not in moved_sentences(rows)[0]
    assert sensitivity_pictures(rows)[0].finding.startswith("None of the levers of the space")


def test_no_bar_stands_for_too_few_runs() -> None:
    for one, unknown in zip(sensitivity_pictures(FEW), ("purse", "price cap"), strict=True):
        rows = [row for rows in one.spec["datasets"].values() for row in rows]
        assert unknown not in {row["name"] for row in rows if "value" in row}
        assert [row["name"] for row in rows if row.get("told") == "not enough runs"] == [unknown]


def test_the_page_says_which_way_each_factor_moves_a_measure() -> None:
    ((title, (purse, cap, price)),) = factor_cells(FEW)
    assert title == "GMV as paid, bn RMB: the levers of the space"
    assert purse[:5] == (
        "purse",
        "subsidy.budget_bn_rmb",
        "0 to 40 bn RMB",
        "raises it",
        "+38.5 ± 15.7",
    )
    assert cap[3:5] == ("lowers it", "−26.9 ± 9.8")
    assert price[3:5] == ("–", "not enough runs")


def test_every_lever_has_words_of_its_own() -> None:
    words = [factor_words(name, lever.goods) for name, lever in LEVERS.items()]
    assert not set(words) & set(LEVERS)
    assert len(set(words)) == len(words)
    assert factor_words("trajectory.weight_2") == "part 2 of the target path"
    assert factor_words("choice.price") == "choice.price"

"""Tables on the terminal stay whole at the widths that terminals have."""

import re
from collections.abc import Callable

import pytest
from rich.console import Console

from engine.compare import paired
from engine.report.terminal.policies import (
    print_ablation,
    print_comparison,
    print_frontier,
    print_runs,
)
from tests.report.studies import BASELINES, FOUND, ablation_rows, frontier_rows, simulate

YEARS = simulate(BASELINES | FOUND)


def printed(width: int, show: Callable[[Console], None]) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        show(console)
    return capture.get()


@pytest.mark.parametrize("width", [66, 80, 120, 200])
def test_the_frontier_keeps_its_numbers_in_one_piece(width: int) -> None:
    text = printed(width, lambda console: print_frontier(frontier_rows(YEARS), console, 250e11))
    assert max(map(len, text.splitlines())) <= width
    row = next(line for line in text.splitlines() if "trial_044" in line)
    assert re.search(r"252\.3 ± 9\.5 +80% +44\.5 ± 1\.7 +148% +−38\.1 ± 1\.4", row)
    assert re.search(r"27\.7% +17\.5% +−1\.0% +budget", text)
    assert "* baseline" in text


def test_the_frontier_is_printed_cheapest_first() -> None:
    text = printed(120, lambda console: print_frontier(frontier_rows(YEARS), console, 250e11))
    found = re.findall(r"^\*?(\w+) +\d", text, re.MULTILINE)
    assert found == [
        "laissez_faire",
        "h1_2020",
        "trial_012",
        "double_ten_billion",
        "trial_031",
        "trial_044",
        "trial_058",
    ]


def test_a_budget_that_is_shown_as_spent_binds() -> None:
    for spent, told in ((0.996, True), (0.994, False)):
        row = YEARS[0].labels | YEARS[0].run | {"budget_spent_share": spent, "budget_fen": 1e11}
        text = printed(120, lambda console, row=row: print_runs([row], console))
        assert ("budget" in text.splitlines()[-3]) is told, text
        assert ("100%" if told else "99%") in text


@pytest.mark.parametrize("width", [80, 120])
def test_years_and_rows_of_runs_print_alike(width: int) -> None:
    rows = [{**year.labels, **year.run} for year in YEARS]
    from_years = printed(width, lambda console: print_runs(YEARS, console))
    assert from_years == printed(width, lambda console: print_runs(rows, console))
    assert "35 simulated runs" in from_years
    assert max(map(len, from_years.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_a_comparison_keeps_its_numbers_in_one_piece(width: int) -> None:
    rows = paired(YEARS[:10], "laissez_faire", ["gmv_paid_fen", "orders_count", "top10_share"])
    text = printed(width, lambda console: print_comparison(rows, console))
    assert max(map(len, text.splitlines())) <= width
    assert "h1_2020 against laissez_faire (5 replications, common random numbers)" in text
    assert re.search(r"218\.6 +209\.5 +\+9\.09 +\+6\.8 … \+11\.3 +27\.8", text)
    assert "−0.90 pp" in text


def test_a_policy_without_a_target_of_its_own_is_measured_by_the_goal() -> None:
    high = {"budget_bn_rmb": 100.0}
    runs = simulate({"free": 0.2}, 2, target={"year_end_bn_rmb": 0.0}, subsidy=high)
    assert re.search(r"free .* 100%", printed(80, lambda console: print_runs(runs, console)))


def test_p_reach_says_which_target_it_means() -> None:
    said = "P reach: share of runs that reach 250 bn RMB."
    frontier = frontier_rows(YEARS)
    assert said in printed(80, lambda console: print_runs(YEARS, console)).splitlines()
    assert said in printed(80, lambda console: print_frontier(frontier, console, 250e11))
    assert "P reach:" not in printed(80, lambda console: print_frontier(frontier, console, 0))


def test_without_a_goal_the_probability_of_reaching_it_is_not_known() -> None:
    runs = simulate({"free": 0.0}, 2, goal_bn_rmb=0.0)
    assert re.search(r"free .* –  ", printed(80, lambda console: print_runs(runs, console)))
    rows = frontier_rows(runs)
    assert re.search(r"free .* –  ", printed(80, lambda console: print_frontier(rows, console, 0)))


@pytest.mark.parametrize("width", [80, 120])
def test_an_ablation_names_the_mechanism_above_its_measures(width: int) -> None:
    text = printed(width, lambda console: print_ablation(ablation_rows(), console, "h1_2020"))
    assert max(map(len, text.splitlines())) <= width
    assert re.search(r"^ ?M7 exits", text, re.MULTILINE)
    assert re.search(r"Lost sessions, million +[\d,.]+ +[\d,.]+ +[−+\d,.]+", text)
    assert "…" not in re.sub(r" … ", " ", text)


def test_one_year_prints_without_an_interval() -> None:
    text = printed(80, lambda console: print_runs(YEARS[:1], console))
    assert "interval" not in text
    assert "interval" in printed(80, lambda console: print_runs(YEARS, console))
    assert "±" not in text.splitlines()[5]

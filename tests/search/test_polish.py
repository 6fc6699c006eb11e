"""The trials that aim at the rows of a price table: what they find, and what they depend on."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.distributions import FloatDistribution

from engine.search import optimize
from engine.search.aim import Aim, cheapest_first, moved_levels
from engine.search.fidelity.estimates import RowFigures
from engine.search.finalists.choice import _row_places
from engine.search.polish.between import KnownPolicies, points_between
from engine.search.polish.proposals import RowTask, Turn, _moves_from
from engine.search.polish.stage import _next_turns
from engine.search.problem import Sample
from engine.spec.optimize import OptimizeJob
from tests.fakes import Stopped, simulate_fake, small_scenario, stop, stopping_at
from tests.search.jobs import GOALS, results, run, small_job
from tests.search.test_window import ORDERS, Adversary
from tests.show_price_gaps import gaps

LADDER = {
    "rungs": [{"population_share": share, "replications": 2} for share in (0.5, 1.0)],
    "first_replications": 2,
    "final_replications": 4,
    "polish_count": 7,
}


def job_of(**search: Any) -> OptimizeJob:
    """A small search of the fake market that prices targets."""
    objective = {"name": "two", "goals": GOALS}
    found = LADDER | search
    return small_job(today="held", reach_probability=0.5, objective=objective, search=found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effort", "seed", "beyond"),
    [
        ("laptop", 1, 0.02),
        ("laptop", 5, 0.02),
        ("laptop", 3, 0.02),
        ("laptop", 8, 0.02),
        ("thorough", 1, 0.02),
        ("thorough", 5, 0.02),
        ("thorough", 3, 0.02),
    ],
)
def test_every_row_lies_near_the_known_least_cost(effort: str, seed: int, beyond: float) -> None:
    """Under the random numbers that the fresh replications have."""
    assert max(gaps(effort, seed)) <= beyond


def test_a_point_between_gives_back_what_a_policy_holds_beyond_its_level() -> None:
    """Policies at x hold 100 + 10 x and cost 5 x; the second has met the fresh replications too."""
    x = np.array([0.8, 0.4, 0.1])
    fresh = np.where(np.array([True, True, False]), 110 + 10 * x, np.nan)
    known = KnownPolicies([{"x": one} for one in x.tolist()], 100 + 10 * x, 5 * x, fresh, doubt=3.0)
    axes = {"x": FloatDistribution(0.0, 1.0)}
    (point,) = points_between(axes, known, {116.0: 2.0}, count=3)
    assert point["x"] == pytest.approx(0.6)  # half way to 0.4: e = 2 of 4
    unmet = known._replace(held_fresh=np.array([118.0, np.nan, np.nan]))
    (point,) = points_between(axes, unmet, {116.0: 2.0}, count=3)
    assert point["x"] == pytest.approx(0.8 - 2 / (7 + 3) * 0.7)  # the farther one: 3 weighs less
    assert points_between(axes, known, {118.0: 2.0, 119.0: 2.0}, count=3) == []
    both = points_between(axes, known, {116.0: 2.0, 117.0: 0.1}, count=1)
    assert both == [{"x": pytest.approx(0.7)}]  # the larger share of what it is judged by


def test_resumed_at_any_year_it_is_as_never_stopped(tmp_path: Path) -> None:
    job = job_of()
    asked = []
    whole = run(job, tmp_path / "whole", lambda case: asked.append(case) or simulate_fake(case))
    assert len(whole.trials) == job.search.trials_count + job.search.polish_count
    for year in range(len(asked) // 2, len(asked), 9):
        with pytest.raises(Stopped):
            run(job, tmp_path / str(year), stopping_at(year, stop))
        assert results(run(job, tmp_path / str(year))) == results(whole), f"stopped at {year}"
    for count in (0, 3):
        run(job_of(polish_count=count, trials_count=9), tmp_path / f"grown-{count}")
        assert results(run(job, tmp_path / f"grown-{count}")) == results(whole)


def test_no_order_in_which_years_end_shows_in_the_results(tmp_path: Path) -> None:
    whole = results(run(job_of(), tmp_path / "whole"))
    for name, pick in ORDERS.items():
        found = optimize(job_of(), tmp_path / name, Adversary(pick), lambda _: None)
        assert results(found) == whole, name


def test_another_question_to_the_same_folder_keeps_the_ordinary_trials(tmp_path: Path) -> None:
    first = run(job_of(), tmp_path / "one")
    other = job_of().model_copy(update={"reach_probability": 0.9})
    again = run(other, tmp_path / "one")
    count = job_of().search.trials_count
    clocks = {"wall_s", "sampler_s"}
    plain = [[{k: v for k, v in row.items() if k not in clocks} for row in found.trials[:count]]
             for found in (first, again)]  # fmt: skip
    assert plain[0] == plain[1]
    assert results(again) == results(run(other, tmp_path / "fresh"))


def test_levers_are_put_back_one_by_one_then_half_way() -> None:
    centre, anchor = np.array([0.8, 0.5, 0.1]), np.array([0.0, 0.5, 0.3])
    moves = _moves_from(centre, anchor[None], np.zeros((0, 3)), 2, 1)
    assert moves[:4] == pytest.approx(
        np.array([[0.0, 0.5, 0.1], [0.8, 0.5, 0.3], [0.4, 0.5, 0.1], [0.8, 0.5, 0.2]])
    )
    assert ((moves >= 0) & (moves <= 1)).all()


def figures_of(held: list[float], price: list[float]) -> RowFigures:
    n, none = len(held), np.zeros((len(held), 0))
    noise = np.full(n, 0.5)
    return RowFigures(
        np.array(held), np.array(price), noise, noise, none, none, np.ones(n, np.bool_)
    )


def test_of_every_level_the_cheapest_and_one_with_a_margin_are_finalists() -> None:
    held, price = [10.0, 10.2, 11.5, 20.0, 20.1, 22.0], [1.0, 1.1, 1.5, 4.0, 4.2, 6.0]
    found = _row_places(figures_of(held, price), [10.0, 20.0], range(6), 4)
    assert found == [0, 3, 2, 5]  # a standard error of the difference is 1


def test_with_too_little_known_steps_come_in_order() -> None:
    from optuna.distributions import FloatDistribution

    space = {f"x{k}": FloatDistribution(0, 1) for k in range(2)}
    points = [{"x0": 0.5, "x1": 0.5}]
    turns = [Turn(0, 0.0)] * 3
    task = RowTask(space, points, figures_of([10.0], [1.0]), [9.0], turns,
                   [{"x0": 0.0, "x1": 0.0}], 1)  # fmt: skip
    found = [point for _, point in task.propose(range(5, 8))]
    assert found[:2] == [{"x0": 0.0, "x1": 0.5}, {"x0": 0.5, "x1": 0.0}]
    assert len({tuple(point.values()) for point in found}) == 3


def test_an_aim_holds_and_prices_by_hand() -> None:
    aim = Aim("gmv_paid_fen", "cost_fen", 0.75, "today", 10.0, value=0.5)
    gmv = np.array([[8.0, 12.0], [10.0, 14.0]])
    sample = Sample({"gmv_paid_fen": gmv, "cost_fen": gmv / 2 + 1})
    assert aim.held(sample) == 10.0
    assert aim.price_by(sample.values) == pytest.approx([1.0, 1.0])
    assert aim.asked_levels(9.0, 11.0)[-1] <= 11.0
    assert 10.0 in aim.asked_levels(2.0, 3.0)


def test_levels_move_by_what_others_hold() -> None:
    assert moved_levels([200.0], [110.0], [100.0]) == pytest.approx([220.0])
    there = np.linspace(100, 200, 5)
    assert moved_levels([150.0, 300.0], list(2 * there - 5), list(there)) == pytest.approx(
        [295.0, 595.0]
    )


def test_cheapest_first_leaves_out_what_does_not_hold() -> None:
    held, price = np.array([1.0, 3.0, np.nan, 4.0]), np.array([0.0, 2.0, 0.0, 1.0])
    assert cheapest_first(held, price, 2.0) == [3, 1]


def test_levels_with_a_small_price_have_more_turns() -> None:
    served: Counter[float] = Counter()
    turns = _next_turns([250.0, 260.0, 270.0], [1.0, 4.0, None], 8, served)
    assert served == {250.0: 4, 260.0: 2, 270.0: 2}  # shares 1, 1/2 and, as the dearest, 1/2
    assert turns[:4] == [Turn(0, 0.0), Turn(2, 0.0), Turn(1, 0.0), Turn(0, 1.0)]
    assert _next_turns([250.0], [0.0], 3, Counter()) == [Turn(0, m) for m in (0.0, 1.0, 0.5)]


def test_a_search_across_new_year_can_ask_for_targets_later(tmp_path: Path) -> None:
    """The trials of the first know what a target of the year would be measured by."""
    changes = {"scenario": small_scenario(end=date(2021, 3, 31)), "search": LADDER}
    run(small_job(**changes), tmp_path)
    asked = small_job(today="held", reach_probability=0.5, **changes)
    fresh = run(asked, tmp_path / "fresh")
    assert results(run(asked, tmp_path)) == results(fresh)

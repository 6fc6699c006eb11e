"""Each lever swept alone in the real market: its shape against what the field expects."""

from functools import cache

import pytest

from engine.case import Case, RunResult
from engine.compute.pool import simulate_case
from engine.response import _BASE, _swept_levers, response_cases, response_rows
from engine.spec.response import ResponseJob
from tests.kinds import LEVERS
from tests.response.rows import sweep_rows
from tests.response.shapes import SHAPES, Shape, misses
from tests.response.typed import typed_job

OVERRIDES = ("scale=smoke", "points_count=3")


def test_every_lever_has_a_shape() -> None:
    """A sign that has to be distinguishable, or a measure that it has to move."""
    assert list(SHAPES) == [swept.name for swept in _swept_levers(None, LEVERS)]
    assert all(shape.sure or shape.moves for shape in SHAPES.values())


def test_a_shape_is_missed_by_what_is_told_against_it() -> None:
    rising = sweep_rows("price.cap", {0.6: -2, 0.9: 0, 1.0: 3}, 0.1)
    flat = sweep_rows("price.cap", {0.6: -0.01, 0.9: 0, 1.0: 0}, 0.1)
    rises, falls = Shape({"gmv_paid_fen": "rises"}), Shape({"gmv_paid_fen": "falls"})
    assert misses(rises, rising) == misses(rises, flat) == misses(falls, flat) == []
    assert "should be one that falls" in misses(falls, rising)[0]
    assert misses(Shape(sure=rises.signs), rising) == []
    assert misses(Shape(sure=rises.signs), flat) != []
    nothing = sweep_rows("price.cap", {0.6: 0, 0.9: 0, 1.0: 0}, 0.0)
    assert misses(rises, nothing) == []
    assert misses(Shape(sure=rises.signs), nothing) != []
    assert misses(Shape(best=("high end",), moves=True), rising) == []
    assert "best is high end at 1" in misses(Shape(best=("interior",)), rising)[0]
    assert misses(Shape(moves=True), flat) == ["it moves nothing"]


def _job(lever: str) -> ResponseJob:
    shape = SHAPES[lever]
    swept = (f"levers=[{lever}]", f"range={shape.range}", f"policy={shape.policy}", *shape.words)
    ends = () if shape.needs_run_off else ("run_off_days=0",)
    job = typed_job(*OVERRIDES, *swept, f"replications={shape.replications}", *ends)
    measures = dict.fromkeys((*job.measures, *shape.signs, *shape.sure))
    return job.model_copy(update={"measures": tuple(measures)})


@cache
def _base_year(policy: str, replication: int) -> RunResult:
    of_policy = [name for name, shape in SHAPES.items() if _shares_base(shape, policy)]
    lever = max(of_policy, key=lambda name: SHAPES[name].replications)
    cases = response_cases(_job(lever))
    return simulate_case(next(c for c in cases if _is_base(c) and c.replication == replication))


def _shares_base(shape: Shape, policy: str) -> bool:
    """Whether the base year of a shape is that of a policy as it stands, with run-off."""
    return shape.policy == policy and not shape.words and shape.needs_run_off


def _is_base(case: Case) -> bool:
    return case.policy.name == _BASE


@pytest.mark.slow
@pytest.mark.parametrize("lever", SHAPES)
def test_the_lever_has_its_shape(lever: str) -> None:
    """Over the year and 365 days of run-off."""
    job, shape = _job(lever), SHAPES[lever]
    years = [
        _base_year(shape.policy, case.replication)
        if _is_base(case) and _shares_base(shape, shape.policy)
        else simulate_case(case)
        for case in response_cases(job)
    ]
    found = misses(shape, response_rows(job, years))
    assert not found

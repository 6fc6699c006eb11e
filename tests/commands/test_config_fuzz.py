"""Bad values by the thousand: each one message, no traceback, nothing written.

`python -m tests.show_config_fuzz` prints the count over every key of every command.
"""

from pathlib import Path

import pytest

from tests.show_config_fuzz import outcomes


def _check(place: Path, most: int | None, at_least: int) -> None:
    found = list(outcomes(most))
    print(f"{len(found):,} bad overrides")
    assert [
        f"{case.command} {case.override}: {how}" for case, how in found if how != "refused"
    ] == []
    assert len(found) >= at_least
    assert list(place.iterdir()) == []


def test_bad_values_of_every_command_are_refused(place: Path) -> None:
    _check(place, most=100, at_least=60)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_key_refuses_what_it_cannot_be(place: Path) -> None:
    _check(place, most=3500, at_least=2000)


TYPED = [
    ("simulate", "scenario.suppliers.source.capacity_units=1e308", "at most 10000000000"),
    ("simulate", "scenario.suppliers.stock_days=1e308", "at most 3650"),
    ("simulate", "scenario.choice.habit=1e38", "at most 10"),
    ("simulate", "scenario.platform.pool_count=1e18", "at most 2000000000"),
    ("simulate", "scenario.anchors.fans_log_sd=1e308", "at most 5"),
    ("simulate", "scenario.platform.goal_bn_rmb=1e308", "at most 100000"),
    ("simulate", "scenario.platform.recruiting_cost_rmb=1e308", "at most 100000000000"),
    ("simulate", "scenario.platform.incubation_cost_rmb=1e17", "at most 1000000000"),
    ("simulate", "scenario.suppliers.price_log_sd=1e308", "at most 2"),
    ("simulate", "scenario.buyers.activity_log_sd=1e308", "at most 3"),
    ("simulate", "scale.anchors_count=1e6", "at most 100000"),
    ("benchmark", "anchors=[]", "at least 1 values"),
    ("optimize", "scenario.platform.goal_bn_rmb=1e308", "at most 100000"),
]


@pytest.mark.parametrize(("command", "override", "allowed"), TYPED)
def test_what_would_overflow_is_refused_with_what_fits(
    type_in, command: str, override: str, allowed: str
) -> None:
    ended = type_in(command, override)
    assert ended.status == 2, ended.err
    assert override.partition("=")[0] in ended.err
    assert allowed in ended.err
    assert "Traceback" not in ended.err
    assert ended.files == set()


def test_a_job_that_never_ends_is_refused_with_what_fits(type_in) -> None:
    ended = type_in("compare", "replications=100000", "scale=full", "scale.buyers_count=20000000",
                    "ray.backend=process", "scenario.calendar.end=2022-12-31")  # fmt: skip
    assert ended.status == 2, ended.out
    assert "years of one core" in ended.err
    assert "simulated runs of this size" in ended.err
    assert ended.files == set()

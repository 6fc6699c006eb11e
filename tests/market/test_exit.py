"""An anchor leaves (M7): its sessions may go to others, or others may lose visits too."""

import pytest

from engine.market.run import simulate
from tests.worlds import case

AWAY = "scenario.calendar.absences=[{rank: 0, leaves: 2020-01-08}]"
STAYS = "scenario.calendar.absences=[]"
WORLD = (
    "policy=laissez_faire",
    "scale.buyers_count=20000",
    "scale.anchors_count=60",
    "scenario.anchors.engaged_power=1",  # a head that many follow
)


def visits_of_others(*overrides: str) -> float:
    year = simulate(case(*WORLD, *overrides, days=40))
    return float(year.anchors["visits_count"][1:].sum())


@pytest.fixture(scope="module")
def stays() -> float:
    return visits_of_others(STAYS)


def test_what_is_released_goes_to_others(stays):
    released = visits_of_others(
        AWAY, "scenario.routing.release_share=1", "scenario.routing.drain=0"
    )
    assert released > 1.01 * stays


def test_the_drain_may_cost_others_visits(stays):
    drained = visits_of_others(AWAY, "scenario.routing.release_share=0", "scenario.routing.drain=1")
    assert drained < 0.99 * stays


def test_a_gone_anchor_gets_visits_only_before_it_leaves_and_after_it_returns():
    back = AWAY.replace("2020-01-08}", "2020-01-08, returns: 2020-01-20}")
    gone, returned, stayed = (
        simulate(case(*WORLD, absence, days=40)).anchors["visits_count"][0]
        for absence in (AWAY, back, STAYS)
    )
    assert 0 < gone < 0.3 * stayed
    assert gone < returned < 0.8 * stayed

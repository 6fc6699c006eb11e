"""Worlds of an ensemble: the scenario with changes, and changes that do not fit."""

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from engine.config import load
from engine.errors import InputError
from engine.spec.jobs import Ensemble, SimulateJob
from engine.spec.scenario import Scenario
from engine.spec.worlds import worlds

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("simulate"), SimulateJob).scenario


def changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    ensemble = Ensemble(name="one", worlds={"as_is": {}, "other": changes})
    found = worlds(scenario, ensemble)
    assert found["as_is"] is scenario
    return found["other"]


def test_changes_replace_numbers_and_lists_and_nothing_else(scenario: Scenario) -> None:
    other = changed(scenario, {"rival": {"pull": 0.5}, "calendar": {"absences": []}})
    assert other.rival == scenario.rival.model_copy(update={"pull": 0.5})
    assert other.calendar == scenario.calendar.model_copy(update={"absences": ()})
    assert other.model_copy(update={"rival": scenario.rival, "calendar": scenario.calendar}) == (
        scenario
    )


@pytest.mark.parametrize(
    ("changes", "where", "remedy"),
    [
        ({"rivals": {"pull": 0.1}}, "ensemble.worlds.other.rivals", "worlds.other.rival?"),
        ({"rival": {"pul": 0.1}}, "ensemble.worlds.other.rival.pul", "other.rival.pull?"),
        ({"rival": 0.1}, "ensemble.worlds.other.rival", "e.g. ensemble.worlds.other.rival.pull"),
        ({"rival": {"pull": 99}}, "ensemble.worlds.other.rival.pull", "=10"),
        ({"calendar": {"end": "2019-01-01"}}, "ensemble.worlds.other.calendar", "calendar.end"),
    ],
)
def test_changes_that_do_not_fit_are_refused(
    scenario: Scenario, changes: dict[str, Any], where: str, remedy: str
) -> None:
    with pytest.raises(InputError) as error:
        changed(scenario, changes)
    assert error.value.where == where
    assert remedy in error.value.remedy

"""Unknowns: paths into the scenario, ranges, and the files that hold fitted numbers."""

import numpy as np
import pytest
import yaml

from engine.calibrate import UnknownSpace, scenario_yaml
from engine.calibrate.scenario_file import _as_fitted
from engine.errors import InputError
from engine.spec.jobs import Ensemble
from engine.spec.scenario import Scenario
from engine.spec.space import LeverRange
from engine.spec.worlds import worlds
from engine.yaml_text import rewritten
from tests.worlds import CONF, job

TEXT = (CONF / "scenario" / "kuaishou_2020.yaml").read_text(encoding="utf-8")
STREAM = "calendar.trial_streams.0.traffic_share"


def box(**ranges: tuple[float, float, bool]) -> UnknownSpace:
    return UnknownSpace(
        {
            name.replace("__", "."): LeverRange(low=low, high=high, log=log)
            for name, (low, high, log) in ranges.items()
        },
        job().scenario,
    )


@pytest.fixture
def three() -> UnknownSpace:
    return box(
        choice__outside=(4.0, 6.0, False),
        platform__take_share=(0.005, 0.02, True),
        **{STREAM: (0.02, 0.2, True)},
    )


def test_the_cube_spans_the_ranges_evenly_or_by_their_logarithm(three: UnknownSpace) -> None:
    low, middle, high = three.values(np.array([[0.0] * 3, [0.5] * 3, [1.0] * 3]))
    assert low == {"choice.outside": 4.0, "platform.take_share": 0.005, STREAM: 0.02}
    assert middle["choice.outside"] == 5.0
    assert middle["platform.take_share"] == pytest.approx(0.01)
    assert high["platform.take_share"] == 0.02


def test_values_and_cube_are_inverse(three: UnknownSpace) -> None:
    cube = np.array([[0.1, 0.7, 0.4], [0.9, 0.2, 0.6]])
    assert three.cube(three.values(cube)) == pytest.approx(cube, abs=1e-4)


def test_a_path_moves_a_number_a_whole_group_or_a_place_in_a_list(three: UnknownSpace) -> None:
    point = {"choice.outside": 4.5, "platform.take_share": 0.01, STREAM: 0.05}
    found = worlds(job().scenario, Ensemble(name="one", worlds={"moved": three.changes(point)}))[
        "moved"
    ]
    assert found.choice.outside == 4.5
    assert set(found.platform.take_share.of(found.kind_names)) == {0.01}
    assert found.calendar.trial_streams[0].traffic_share == 0.05
    streams = job().scenario.calendar.trial_streams
    assert found.calendar.trial_streams[0].day == streams[0].day
    assert found.choice.price == job().scenario.choice.price


@pytest.mark.parametrize(("name", "low", "high", "said"), [
    ("choice__outsid", 4, 6, "did you mean choice.outside?"),
    ("name", 4, 6, "leads to no number"),
    ("calendar__trial_streams__9__traffic_share", 0, 1, "leads to no number"),
    ("returns__base", 0.1, 1.4, "returns.base at 1.4"),
])  # fmt: skip
def test_a_range_that_the_scenario_cannot_bear_is_refused(name, low, high, said) -> None:
    with pytest.raises(InputError) as refused:
        box(**{name: (low, high, False)})
    assert said in str(refused.value)


def test_a_fitted_scenario_keeps_its_comments(three: UnknownSpace) -> None:
    point = {"choice.outside": 4.4321, "platform.take_share": 0.0123, STREAM: 0.05}
    scenario = three.scenario(point, "fitted_one")
    text = scenario_yaml(scenario, three.places(point), TEXT)
    assert Scenario.model_validate(yaml.safe_load(text)) == scenario
    assert text.count("\n") == TEXT.count("\n")
    assert "outside: 4.4321        # utility | fitted\n" in text
    changed = [a for a, b in zip(TEXT.splitlines(), text.splitlines(), strict=True) if a != b]
    assert len(changed) == 1 + 1 + 5 + 1  # the name, one number, five takes, one of a list


def test_a_scenario_that_is_not_the_file_is_written_whole(three: UnknownSpace) -> None:
    point = three.values(np.full((1, 3), 0.5))[0] | {"choice.outside": 4.5}
    scenario = three.scenario(point, "fitted_one")
    for original in ("", "defaults: [kuaishou_2020]\n", TEXT.replace("price: 3.0", "price: 2.5")):
        text = scenario_yaml(scenario, three.places(point), original)
        assert Scenario.model_validate(yaml.safe_load(text)) == scenario


def test_a_longer_number_does_not_push_its_comment() -> None:
    text = rewritten("a: 1     # unit | assumption\nb: 2 # unit\n", {("a",): 12.5}, _as_fitted)
    assert text == "a: 12.5  # unit | fitted\nb: 2 # unit\n"


@pytest.mark.parametrize(("source", "after"), [
    ("assumption, observed: a", "fitted, observed: a"),
    ("observed: a", "fitted, observed: a"),
    ("fitted, observed: a", "fitted, observed: a"),
])  # fmt: skip
def test_a_fitted_number_says_so_beside_its_source(source: str, after: str) -> None:
    text = rewritten(f"a: 1 # unit | {source}\n", {("a",): 2}, _as_fitted)
    assert text == f"a: 2 # unit | {after}\n"

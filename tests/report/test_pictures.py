"""What the pictures are made of: scales, labels, curves."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.report import read_study
from engine.report.charts.frontier import HIGH, LOW, _frontier_chart, _place_labels
from engine.report.charts.frontier import _colour as colour_of
from engine.report.charts.over_time import _cumulative_chart, _curves, _shown_lines, _target_path
from engine.report.charts.svg import (
    WIDE,
    Frame,
    LinearScale,
    _decimals_of,
    tag,
)
from engine.report.read.lines import spread
from engine.report.read.results_model import StudyResults
from engine.units import FEN_PER_BN_RMB
from tests.report.studies import optimize_folder, simulate_folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return read_study(optimize_folder(tmp_path_factory.mktemp("optimize")))


@pytest.mark.parametrize(
    ("low", "high", "count", "ticks"),
    [
        (0, 10, 5, [0, 2, 4, 6, 8, 10]),
        (-0.03, 0.11, 4, [0, 0.05, 0.1]),
        (203, 268, 6, [220, 240, 260]),
    ],
)
def test_ticks_are_round_and_inside(
    low: float, high: float, count: int, ticks: list[float]
) -> None:
    assert LinearScale(low, high, 0, 100).ticks(count) == ticks


def test_decimals_tell_ticks_apart() -> None:
    assert [_decimals_of(ticks) for ticks in ([0, 5], [0, 0.5], [0, 0.25], [1])] == [0, 1, 2, 1]


def test_a_scale_maps_and_leaves_air() -> None:
    scale = LinearScale.over([10, float("nan"), 20], 0, 100)
    assert scale.low < 10
    assert scale.high > 20
    assert scale(15) == pytest.approx(50)
    assert LinearScale.over([5, 9], 0, 1, zero=True).low == 0
    assert LinearScale.over([], 0, 1).low < LinearScale.over([], 0, 1).high


def test_text_and_attributes_are_escaped() -> None:
    assert str(tag("text", "<b>", class_='"x')) == '<text class="&#34;x">&lt;b&gt;</text>'


def test_labels_of_neighbours_do_not_overlap() -> None:
    frame = Frame(900, 400, LinearScale(0, 1, 50, 880), LinearScale(0, 1, 350, 30))
    marks = [(300.0, 200.0), (330.0, 204.0), (310.0, 190.0)]
    places = _place_labels(marks, ["laissez", "h1_2020", "double"], frame, [], must=3)
    (x1, y1, a1), (x2, y2, a2), _ = (place for place in places if place)
    assert (a1, a2) != ("start", "start") or abs(y1 - y2) > 11 or abs(x1 - x2) > 60


def test_a_label_at_the_right_edge_goes_to_the_left() -> None:
    frame = Frame(400, 300, LinearScale(0, 1, 50, 390), LinearScale(0, 1, 250, 30))
    place = _place_labels([(385.0, 150.0)], ["a_long_policy_name"], frame, [], must=1)[0]
    assert place
    assert place[2] == "end"


def test_a_label_that_would_overlap_is_left_out_unless_it_must_stand() -> None:
    frame = Frame(900, 400, LinearScale(0, 1, 50, 880), LinearScale(0, 1, 350, 30))
    marks = [(300.0 + 4 * k, 200.0) for k in range(12)]
    names = [f"trial-{k}" for k in range(12)]
    places = _place_labels(marks, names, frame, [], must=2)
    assert all(places[:2])
    assert None in places[2:]


def test_colours_run_from_low_to_high() -> None:
    low, high = (f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (LOW, HIGH))
    assert colour_of(0.2, [0.2, 0.4]) == low
    assert colour_of(0.4, [0.2, 0.4]) == high
    assert colour_of(0.3, [0.3]) not in {low, high}


def test_the_frontier_marks_every_policy_and_the_target(study: StudyResults) -> None:
    wide = str(_frontier_chart(study.lines, study.target_fen, "trial_044")).split("</svg>")[0]
    assert wide.count('class="baseline"') == 3
    assert wide.count('class="mark"') == 4
    assert wide.count('class="ring"') == 1
    assert wide.count('class="bar"') == 14
    assert ">target 250<" in wide


def test_the_frontier_names_found_policies_beside_the_baselines(study: StudyResults) -> None:
    wide = str(_frontier_chart(study.lines, study.target_fen, "trial_044")).split("</svg>")[0]
    for line in study.lines:
        assert f">{line.policy}</text>" in wide


def test_policies_off_the_frontier_get_no_name(study: StudyResults) -> None:
    lines = [replace(line, on_frontier=line.policy != "trial_031") for line in study.lines]
    wide = str(_frontier_chart(lines, study.target_fen, "trial_044")).split("</svg>")[0]
    assert ">trial_031</text>" not in wide
    assert ">trial_012</text>" in wide


def test_the_curves_are_the_frontiers_and_the_chosen_among_them(study: StudyResults) -> None:
    beaten = {"trial_012", "trial_058"}
    lines = [replace(line, on_frontier=line.policy not in beaten) for line in study.lines]
    chosen = next(line for line in lines if line.policy == "trial_044")
    shown = [line.policy for line in _shown_lines(lines, chosen)]
    assert shown == ["laissez_faire", "h1_2020", "double_ten_billion", "trial_044", "trial_031"]


def test_a_spread_holds_both_ends(study: StudyResults) -> None:
    found = [line for line in study.lines if not line.is_baseline]
    assert [line.policy for line in spread(found, 2)] == ["trial_012", "trial_058"]
    assert len(spread(found, 9)) == 4
    assert [line.policy for line in spread(found, 1)] == ["trial_012"]
    assert spread(found, 0) == []


def test_marks_stand_where_their_numbers_are(study: StudyResults) -> None:
    wide = str(_frontier_chart(study.lines, study.target_fen, None)).split("</svg>")[0]
    spots = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', wide)]
    found = [line for line in study.lines if not line.is_baseline]
    order = sorted(range(len(found)), key=lambda k: found[k].value("cost_fen"))
    assert [spots[k][0] for k in order] == sorted(x for x, _ in spots)
    assert all(0 < x < WIDE.width for x, _ in spots)


def test_a_curve_is_the_mean_of_the_years_and_its_band_their_range(study: StudyResults) -> None:
    assert study.daily is not None
    line = next(line for line in study.lines if line.policy == "h1_2020")
    one = _curves(study.daily, [line], "gmv_paid_cumulative_fen", weekly=False)[0]
    years = [row["gmv_paid_fen"] for row in study.runs if row["policy"] == "h1_2020"]
    assert one.mean[-1] * FEN_PER_BN_RMB == pytest.approx(np.mean(years))
    assert one.low[-1] * FEN_PER_BN_RMB == pytest.approx(min(years))
    assert one.high[-1] * FEN_PER_BN_RMB == pytest.approx(max(years))
    assert (one.dates[0], one.dates[-1]) == (date(2020, 1, 1), date(2020, 12, 31))


def test_weeks_add_up_to_the_year_but_for_the_days_left_over(study: StudyResults) -> None:
    assert study.daily is not None
    weeks = _curves(study.daily, study.lines, "subsidy_fen", weekly=True)[-1]
    days = _curves(study.daily, study.lines, "subsidy_fen", weekly=False)[-1]
    assert len(weeks.mean) == 52
    assert weeks.mean.sum() == pytest.approx(days.mean[:364].sum())


def test_the_path_steered_by_ends_at_the_target(study: StudyResults) -> None:
    assert study.daily is not None
    found = _target_path(study.daily, study.lines)
    assert found is not None
    assert found[0] == "trial_012"  # the first that was found
    assert found[1][1][-1] == pytest.approx(250)


def test_a_short_horizon_is_labelled_by_days(tmp_path: Path) -> None:
    short = read_study(simulate_folder(tmp_path, end=date(2020, 1, 20)))
    assert short.daily is not None
    drawn = _curves(short.daily, short.lines, "gmv_paid_cumulative_fen", weekly=False)
    chart = str(_cumulative_chart(drawn, None, 0))
    assert ">1 Jan<" in chart
    assert "target" not in chart.replace("against the target", "")

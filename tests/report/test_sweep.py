"""A sweep says that something moves only where that is more than noise; studies stay apart."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from engine.collection import (
    CHANGED,
    FINISHED,
    StudyMember,
    collected_rows,
    members_of_folders,
    paired_with_first,
)
from engine.report import build_report, read_study
from engine.report.charts.ecosystem import _top_finding
from engine.report.charts.sweep import SweepView
from engine.report.charts.trial import HEADS, trial_cells, trial_sentences
from engine.report.findings.limits import limits
from engine.report.terminal.collection import print_collection
from engine.report.terms.translate import Terms
from engine.results import Results
from tests.report.studies import (
    BASELINES,
    CONFIG,
    FOUND,
    frontier_rows,
    priced_folder,
    simulate,
    simulate_folder,
)
from tests.report.test_terms import sweep_folder, trial_folder

_GMV = "gmv_paid_fen"


def job(number: int, value: float, change: float | None = None, half: float = 0.0) -> Any:
    """Return a row of `sweep` of a job whose sales and users are given."""
    row: dict[str, Any] = dict.fromkeys(CHANGED, 0.0) | {f"{one}_se": 0.0 for one in CHANGED}
    row |= {"job": number, "name": f"rate={number}", "state": FINISHED, "message": ""}
    row |= {"policy": "h1_2020", "runs_count": 4, "override.rate": number, _GMV: value}
    ends = (None, None) if change is None else (change - half, change + half)
    return row | {
        f"{_GMV}_change": change,
        f"{_GMV}_change_ci_low": ends[0],
        f"{_GMV}_change_ci_high": ends[1],
    }


def finding(rows: list[Any]) -> str:
    return SweepView(rows).pictures()[0].finding


def test_what_does_not_move_beyond_noise_has_no_highest_job() -> None:
    noise = [job(0, 33e12), job(1, 33.2e12, 0.2e12, 0.9e12)]
    assert finding(noise) == "GMV as paid does not move beyond noise: 330.0 to 332.0 bn RMB"
    assert SweepView(noise).sentences()[0] == "GMV as paid does not move beyond noise in any job."
    told = [job(0, 33e12), job(1, 33.2e12, 0.2e12, 0.1e12)]
    assert finding(told).startswith("GMV as paid is highest at rate=1, 332.0 bn RMB")
    assert "+2.00 ± 1.00 bn RMB against rate=0" in SweepView(told).sentences()[0]


def test_what_is_written_alike_does_not_move() -> None:
    rows = [job(0, 33e12), job(1, 33.00001e12, 1e7, 1e6)]  # told apart, by a trifle
    assert finding(rows) == "GMV as paid does not move: 330.0 bn RMB in all jobs"


@pytest.mark.parametrize(("error", "moves"), [(1e10, True), (1e12, False)])
def test_jobs_that_are_not_paired_move_by_their_errors(error: float, moves: bool) -> None:
    rows = [job(k, value) | {f"{_GMV}_se": error} for k, value in enumerate((33e12, 33.5e12))]
    assert ("does not move beyond noise" in finding(rows)) is not moves


def test_the_largest_change_that_is_told_is_named_before_a_larger_one_that_is_not() -> None:
    rows = [job(0, 33e12), job(1, 34e12, 1e12, 2e12), job(2, 33.5e12, 0.5e12, 0.1e12)]
    assert "at rate=2" in SweepView(rows).sentences()[0]


def searched(folder: Path, budget: float, trials: int) -> Path:
    """Leave what a search leaves: runs, a frontier, and its policies in full."""
    rates = BASELINES | FOUND
    results = Results(folder, CONFIG | {"baselines": BASELINES, "search": {"a": trials, "b": trials,
                                        "c": trials, "d": trials}}, 7)  # fmt: skip
    years = simulate(rates)
    results.write_runs(years, daily=False)
    frontier = [
        row | {"is_recommended": row["policy"] == "trial_044"} for row in frontier_rows(years)
    ]
    results.write_rows("frontier", frontier)
    results.finish()
    (folder / "policy").mkdir()
    for name in rates:
        spec = {"name": name, "budget": budget if name != "trial_058" else 1.0}
        (folder / "policy" / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    return folder


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[StudyMember]:
    place = tmp_path_factory.mktemp("studies")
    return members_of_folders([searched(place / f"s{k}", 2.0 + k, 10 + k) for k in range(2)])


def test_policies_of_one_name_are_paired_only_if_they_are_the_same(
    studies: list[StudyMember],
) -> None:
    rows = paired_with_first(studies, (_GMV,))
    assert {row["of"] for row in rows} == {*BASELINES, "trial_058"}


def test_studies_side_by_side_have_worlds_of_their_own(tmp_path: Path) -> None:
    both = read_study(sweep_folder(tmp_path))
    assert not any("world" in said for said in limits(both))
    swept = both.config | {"ensemble": {"worlds": {"as_is": {}}}}
    assert any(said.startswith("One world") for said in limits(replace(both, config=swept)))


def test_a_policy_that_a_search_found_is_called_by_what_it_does(tmp_path: Path) -> None:
    places = [priced_folder(tmp_path / "a"), priced_folder(tmp_path / "b", date(2020, 10, 1))]
    rows = collected_rows(members_of_folders(places))
    said = {row["policy"]: row["says"] for row in rows}
    assert said["trial_058"] == "6 % on everything"
    assert said["trial_044"] == ""  # in no answer
    view = SweepView(rows)
    names = {one["name"].replace("|", " ") for rows in view.pictures()[0].spec["datasets"].values()
             for one in rows}  # fmt: skip
    assert "a, 6 % on everything" in names
    assert not any("trial_058" in name for name in names)
    assert any("6 % on everything" in line for line in view.table()[1])


def test_studies_have_a_short_title_and_draw_what_answers_name(studies: list[StudyMember]) -> None:
    view = SweepView(collected_rows(studies))
    assert view.title() == "s0 and s1 side by side"
    assert not view.is_along()
    one = view.pictures()[0]
    names = {row["name"] for rows in one.spec["datasets"].values() for row in rows}
    found = {name.split(", ")[1] for name in names if "trial" in name}
    assert found == {"trial_044"}
    assert not any(name in one.finding for name in FOUND if name != "trial_044")
    assert len(names) == 2 * (len(BASELINES) + 1)
    assert one.note.endswith("The table holds 6 more.")
    assert len(view.table()[1]) == 2 * len(BASELINES | FOUND)


def test_names_stay_whole_on_a_narrow_terminal(studies: list[StudyMember]) -> None:
    out = io.StringIO()
    print_collection(studies, collected_rows(studies), Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert sum(line.startswith("  double_ten_billion ") for line in lines) == 2
    assert "s0" in [line.strip() for line in lines]
    assert max(map(len, lines)) <= 80


def test_the_terminal_says_of_a_sweep_what_its_page_does(capsys: Any) -> None:
    noise = [job(0, 33e12), job(1, 33.2e12, 0.2e12, 0.9e12)]
    rows = [row | {"of": "", "target_attained_se": 0.0} for row in noise]
    print_collection([], rows, Console())
    out = capsys.readouterr().out
    assert "GMV as paid does not move beyond noise in any job." in out
    assert "Highest" not in out


LIMITS = ("_ci_low", "_ci_high")


def of_days(row: Any, first: str, last: str) -> Any:
    return row | {"first_day": first, "last_day": last, "target_attained_se": 0.0, "of": ""}


def test_sums_over_different_days_are_not_compared(tmp_path: Path, capsys: Any) -> None:
    year, half = ("2020-01-01", "2020-12-31"), ("2020-07-01", "2020-12-31")
    changed = (job(0, 33e12), job(1, 20e12, -13e12, 0.1e12), job(2, 20e12, -13e12, 0.1e12))
    alike = [of_days(row, *year) for row in changed]
    assert SweepView(alike).horizons() == ""
    assert "GMV as paid changes most" in SweepView(alike).sentences()[0]
    rows = [alike[0], *(of_days(row, *half) for row in changed[1:])]
    told = (
        "jobs report different days, rate=0: 2020-01-01 to 2020-12-31; rate=1 and 1 more: "
        "2020-07-01 to 2020-12-31. Sums are shown a day"
    )
    assert SweepView(rows).horizons() == told
    said = SweepView(rows).sentences()
    assert said[0].startswith("Jobs report different days")
    assert not any("GMV" in one for one in said)
    print_collection([], rows, Console(width=300))
    assert "GMV as paid" not in [one.finding[:11] for one in SweepView(rows).pictures()]
    heads, cells = SweepView(rows).table()
    assert heads[2:4] == [("GMV as paid", "bn RMB a day"), ("Contribution", "bn RMB a day")]
    assert [row[2] for row in cells] == ["0.90", "1.09", "1.09"]  # over 366 and 184 days
    assert SweepView(alike).table()[1][1][2] == "200.0 (−130.0 ± 1.0)"
    reaches = dict.fromkeys((f"target_attained_change{end}" for end in ("", *LIMITS)), 1.0)
    more = [row | {"target_attained": k / 2} | (reaches if k else {}) for k, row in enumerate(rows)]
    assert not any("reach" in one.finding for one in SweepView(more).pictures())
    assert not any("reach" in one for one in SweepView(more).sentences())
    column = [label for label, _ in heads].index("P(reach target)")
    assert [row[column] for row in SweepView(more).table()[1]] == ["0%", "50%", "100%"]
    out = capsys.readouterr().out
    assert out.index(f"Note: {told}.") < out.index("GMV paid")
    assert "bn RMB/day" in out
    assert "200.0" not in out
    assert "changes most" not in out
    zh = Terms("zh")
    assert zh(told).startswith("各作业报告的日期不同，rate=0：2020-01-01 至 2020-12-31；rate=1")
    assert {zh(one) for one in said} & set(said) == set()


def test_folders_of_different_days_say_so_on_their_page(tmp_path: Path) -> None:
    places = [simulate_folder(tmp_path / "a"), simulate_folder(tmp_path / "b")]
    members = members_of_folders(places)
    rows = collected_rows(members)
    assert {(row["first_day"], row["last_day"]) for row in rows} == {("2020-01-01", "2020-12-31")}
    rows[-1] |= {"first_day": "2020-07-01"}
    results = Results(tmp_path / "both", CONFIG, 7)
    results.write_rows("sweep", rows)
    results.finish()
    page = build_report(tmp_path / "both").read_text(encoding="utf-8")
    assert "Jobs report different days, a: 2020-01-01 to 2020-12-31; b: 2020-07-01" in page


def months(ends: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """Return rows of `monthly`: the share of the ten largest in the first and the last month."""
    return [
        {"policy": "a", "replication": run, "world": "w", "month": month, "top10_share": share}
        for run, shares in enumerate(ends)
        for month, share in zip((1, 12), shares, strict=True)
    ]


def test_a_share_that_stays_is_said_to_stay() -> None:
    assert _top_finding(months([(0.107, 0.1071), (0.107, 0.1070)]), "a") == (
        "The ten largest anchors sell as much in the last month as in the first under a: 10.7%"
    )
    noisy = _top_finding(months([(0.10, 0.13), (0.11, 0.10), (0.12, 0.12)]), "a")
    assert noisy.startswith(
        "The share of the ten largest anchors does not move beyond noise: 11.0%"
    )
    told = _top_finding(months([(0.10, 0.13), (0.10, 0.131), (0.10, 0.129)]), "a")
    assert told == (
        "The ten largest anchors sell 10.0% in the first month and 13.0% in the last under a"
    )


def test_the_table_of_tests_has_nine_columns(tmp_path: Path) -> None:
    from engine.report import read_study

    assert len(HEADS) == 9
    lines = [line for line in trial_cells(read_study(trial_folder(tmp_path)).trial)
             if not line.is_first]  # fmt: skip
    assert {len(line.texts) for line in lines} == {9}
    assert lines[0].texts[1:3] == ("+0.010 ± 0.002", "+0.010 ± 0.006")


def test_tests_say_of_what_they_are_when_they_are_made_and_how_many(tmp_path: Path) -> None:
    from engine.report import read_study

    names = ("double_ten_billion", "h1_2020")
    said = trial_sentences(read_study(trial_folder(tmp_path)).trial, names, date(2020, 7, 20), 56)
    assert said[0].startswith(
        "Tests of double_ten_billion against h1_2020, 56 days from 2020-07-20 to 2020-09-13: "
        "8 by switchback, 8 by before and after, 8 by half of the markets. Tried on every day, "
        "the policy changes GMV as paid by +0.010 ± 0.002 bn RMB a day."
    )

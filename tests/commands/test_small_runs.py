"""Every command from its config to its report, on the fake market: seconds, no compiling."""

import html
import re
import shlex
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from engine.results import list_tables, provenance_of, read_table
from engine.results.schemas import COLUMNS, PARTED
from tests import fakes

SMALL = ("scale=smoke", "ray.backend=process", "hydra.run.dir=out")
WHOLE = "question=year_2020"


@pytest.fixture(autouse=True)
def fake_market(market_of) -> None:
    market_of(fakes.simulate_fake)


def test_simulate_leaves_its_tables_and_report(type_in, place: Path) -> None:
    ended = type_in("simulate", *SMALL, "replications=2")
    assert ended.status == 0, ended.err
    assert {"out/runs.parquet", "out/report.html", "out/manifest.json"} <= ended.files
    assert read_table(place / "out", "runs").num_rows == 2
    for table in ("daily", "segments", "anchors"):
        assert read_table(place / "out", table).num_rows > 0
    assert f"Results: {place}/out on host " in ended.out
    assert "h1_2020" in ended.out
    assert "changed:" not in ended.out


def test_a_changed_policy_is_told_from_that_of_its_file(type_in, place: Path) -> None:
    changes = ("policy.subsidy.rate.source=0.1", "policy.subsidy.budget_bn_rmb=0")
    ended = type_in("simulate", *SMALL, "replications=2", *changes)
    said = "h1_2020, changed: subsidy.rate.source=0.1, subsidy.budget_bn_rmb=0."
    assert said in ended.out.splitlines()
    assert f"<p>{said}" in (place / "out" / "report.html").read_text(encoding="utf-8")
    assert set(read_table(place / "out", "runs")["policy"].to_pylist()) == {"h1_2020"}


def test_simulate_takes_every_world_of_the_ensemble(type_in, place: Path) -> None:
    worlds = "+ensemble.worlds.short={calendar:{end:2020-02-29}}"
    assert type_in("simulate", *SMALL, "replications=2", worlds).status == 0
    runs = read_table(place / "out", "runs").to_pydict()
    assert sorted(zip(runs["world"], runs["replication"], strict=True)) == [
        ("as_is", 0),
        ("as_is", 1),
        ("short", 0),
        ("short", 1),
    ]
    assert runs["seed"][0] == runs["seed"][2]


def test_a_world_that_is_no_scenario_is_refused(type_in) -> None:
    ended = type_in("simulate", *SMALL, "+ensemble.worlds.odd={rivall:{}}")
    assert ended.status == 2
    assert "ensemble.worlds.odd.rivall" in ended.err
    assert ended.files == set()


def test_compare_pairs_policies_named_by_their_keys(type_in, place: Path) -> None:
    mine = ("+policy@policies.mine=h1_2020", "policies.mine.subsidy.rate.source=0.2")
    ended = type_in("compare", *SMALL, "replications=3", *mine)
    assert ended.status == 0, ended.err
    assert {"out/comparison.parquet", "out/runs.parquet", "out/report.html"} <= ended.files
    rows = read_table(place / "out", "comparison").to_pylist()
    assert {row["policy"] for row in rows} == {"h1_2020", "double_ten_billion", "mine"}
    assert {row["baseline"] for row in rows} == {"laissez_faire"}
    assert "mine, changed: subsidy.rate.source=0.2." in ended.out.splitlines()


def test_compare_tells_what_policies_leave_behind(type_in, place: Path) -> None:
    asked = ("compare", *SMALL, "replications=2", "run_off=[0,90,365]", "baseline=h1_2020")
    ended = type_in(*asked)
    assert ended.status == 0, ended.err
    rows = read_table(place / "out", "comparison").to_pylist()
    told = {row["measure"] for row in rows}
    assert {
        "platform_contribution_0d_in_the_year_fen",
        "platform_contribution_365d_whole_fen",
        "gmv_paid_90d_left_behind_fen",
    } <= told
    assert "Value +90 d" in " ".join(ended.out.split())
    assert "has not run off" in ended.out  # the fake's days after the horizon never change
    report = (place / "out/report.html").read_text(encoding="utf-8")
    assert "Value pulled, +365 d" in report
    again = type_in(*asked)  # from what was kept
    assert again.status == 0, again.err
    assert read_table(place / "out", "comparison").to_pylist() == rows


def test_values_need_the_same_days_in_every_world(type_in) -> None:
    worlds = "+ensemble.worlds.short={calendar:{end:2020-02-29}}"
    ended = type_in("compare", *SMALL, "run_off=[90]", worlds)
    assert ended.status == 2
    assert "has another horizon" in ended.err


def test_optimize_leaves_a_frontier_and_policies_that_simulate_takes(type_in, place: Path) -> None:
    ended = type_in("optimize", *SMALL, WHOLE)
    assert ended.status == 0, ended.err
    tables = {f"out/{name}.parquet" for name in ("trials", "rungs", "frontier", "runs")}
    assert tables | {"out/study.journal", "out/report.html"} <= ended.files
    found = {row["policy"] for row in read_table(place / "out", "frontier").to_pylist()}
    written = {path.stem for path in (place / "out" / "policy").glob("*.yaml")}
    assert found == written
    name = min(written)
    words = ("scale=smoke", "ray.backend=process", "--config-dir", "out", f"policy={name}")
    again = type_in("simulate", *words, "hydra.run.dir=again", "replications=1")
    assert again.status == 0, again.err
    assert read_table(place / "again", "runs").to_pydict()["policy"] == [name]


def test_a_found_policy_is_simulated_as_it_was_found(type_in, place: Path) -> None:
    own = ("world_seed=${seed}", "seed=3", "scenario.platform.goal_bn_rmb=240")
    ended = type_in("optimize", *SMALL, "effort=smoke", *own)
    assert ended.status == 0, ended.err
    file = min((place / "out" / "policy").glob("trial-*.yaml"))
    comment, line = file.read_text().splitlines()[:2]
    assert "in force from 2020-06-01 on, after h1_2020" in comment
    words = shlex.split(line.removeprefix("#").replace("FOLDER", "out"))
    assert words[:4] == ["python", "-m", "experiments.simulate", f"policy={file.stem}"]
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    cards = re.findall(
        r"<code>(python -m experiments.simulate policy=.*?)</code>", html.unescape(page)
    )
    assert any(shlex.split(card.replace("FOLDER", "out"))[4:] == words[4:] for card in cards)
    again = type_in("simulate", *words[3:], SMALL[1], "hydra.run.dir=again", "replications=1")
    assert again.status == 0, again.err
    assert " was found for " not in again.out
    one, searched = (provenance_of(read_table(place / name, "runs")) for name in ("again", "out"))
    same = ("decision_date", "scenario", "scale", "ensemble", "world_seed")
    assert one["config"]["history"]["name"] == "h1_2020"
    assert {key: one["config"][key] for key in same} == {
        key: searched["config"][key] for key in same
    }
    assert {row["world"] for row in read_table(place / "again", "runs").to_pylist()} == {
        row["world"] for row in read_table(place / "out", "runs").to_pylist()
    }

    other = type_in("simulate", *words[3:6], *SMALL[:-1], "hydra.run.dir=year", "replications=1")
    assert other.status == 0, other.err
    assert (
        f"Note: {file.stem} was found for 2020-06-01 on, and is in force from 2020-01-01 on here; "
        "as found: decision_date=2020-06-01 policy@history=h1_2020 ensemble=plausible."
    ) in other.out


def test_a_policy_found_for_another_market_is_told(type_in, place: Path) -> None:
    (place / "found/.hydra").mkdir(parents=True)
    (place / "found/policy").mkdir()
    (place / "found/policy/trial-7.yaml").write_text("defaults: [h1_2020]\nname: trial-7\n")
    search = "{space: {}, scenario: {name: us}, ensemble: {name: us_plausible}}"
    (place / "found/.hydra/config.yaml").write_text(search)
    words = ("--config-dir", "found", "policy=trial-7", *SMALL, "replications=1")
    ended = type_in("simulate", *words)
    assert ended.status == 0, ended.err
    assert (
        "Note: trial-7 was found for the scenario us, and is in force in kuaishou_2020 here; as "
        "found: scenario=us ensemble=us_plausible; the whole command heads "
        f"{place}/found/policy/trial-7.yaml."
    ) in ended.out


@pytest.mark.parametrize("name", ["cap_or_no_cap", "rival_answers"])
def test_an_experiment_in_another_scenario_is_one_message(type_in, place: Path, name: str) -> None:
    (place / "us/scenario").mkdir(parents=True)
    own = "defaults: [kuaishou_2020]\nname: {}\ncalendar: {{start: 2020-07-01}}\n"
    for scenario in ("us", "kuaishou_2020_calibrated"):
        (place / f"us/scenario/{scenario}.yaml").write_text(own.format(scenario))
    words = ("--config-dir", "us", f"+experiment={name}", *SMALL, "replications=1")
    ended = type_in("compare", *words, "scenario=us")
    assert ended.status == 2
    assert ended.err.count("allowed:") == 1
    assert f"{name} asks about the scenario kuaishou_2020" in ended.err
    assert "and the scenario is us" in ended.err
    assert f"copy conf/experiment/{name}.yaml" in ended.err
    ended = type_in("compare", *words, "scenario=us", "experiment.scenario=us")
    assert "asks about the scenario" not in ended.err
    ended = type_in("compare", *words, "scenario=kuaishou_2020_calibrated")
    assert "asks about the scenario" not in ended.err


def test_the_query_of_the_readme_weighs_worlds(place: Path) -> None:
    runs = {
        "policy": ["a", "a", "b", "b"],
        "world": ["one", "two", "one", "two"],
        "gmv_paid_fen": [100 * 10**11, 200 * 10**11, 90 * 10**11, 80 * 10**11],
        "target_attained": [False, True, True, False],
    }
    pq.write_table(pa.table(runs), place / "runs.parquet")
    weights = {"world": ["one", "two"], "weight": [0.75, 0.25]}
    pq.write_table(pa.table(weights), place / "weights.parquet")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    query = readme.partition("```sql")[2].partition("```")[0]
    found = duckdb.sql(query.replace("outputs/optimize/<time>", str(place))).fetchall()
    assert found == [("a", 125.0, 0.25), ("b", 87.5, 0.75)]


ACTUALS = "role,key,period,value,unit,tolerance\nfit,gmv,Q2 2020,{},bn RMB,3\n"
"""In the format of `conf/observed`: a second quarter."""


def test_replan_answers_for_the_rest_of_the_year_by_what_is_known(type_in, place: Path) -> None:
    (place / "mine.csv").write_text(ACTUALS.format(60))
    known = ("effort=smoke", "decision_date=2020-10-01", "actuals=mine.csv")
    ended = type_in("replan", *SMALL, *known)
    assert ended.status == 0, ended.err
    said = " ".join(ended.out.split())
    assert "How sure: 8 worlds are asked; those that match 1 figure known by the decision" in said
    assert "of 8 cases" in said
    rows = read_table(place / "out", "weights").to_pylist()
    assert len(rows) == 8
    assert {"weight", "without_is_same", "miss.gmv, Q2 2020"} <= set(rows[0])
    table = read_table(place / "out", "plan")
    says = {one.name: (one.metadata or {}).get(b"description", b"") for one in table.schema}
    assert says["gmv_fen"] == b"GMV as paid of the month, mean"
    assert b"of the year by the month's end" in says["low_fen"]
    assert table.schema.field("low_fen").metadata[b"unit"] == b"fen"
    plan = table.to_pylist()
    assert [row["month"].month for row in plan if not row["is_past"]] == [10, 11, 12]
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "The answer without each world" in page
    assert page.count("sd, GMV, Q2 2020") == 8

    (place / "mine.csv").write_text(ACTUALS.format(9000))  # no trial depends on it
    again = type_in("replan", *SMALL, *known)
    assert again.status == 0, again.err
    assert "The model knows no world like this" in " ".join(again.out.split())

    even = type_in("replan", *SMALL, *known[:-1], "actuals=null")
    assert even.status == 0, even.err
    assert "How sure: 8 worlds are asked and count alike" in " ".join(even.out.split())


def test_an_ablation_says_what_never_acted(type_in) -> None:
    ended = type_in("ablate", *SMALL, "replications=2")  # the fake market knows no mechanism
    assert ended.status == 0, ended.err
    assert "Note: m14_target never acted in these runs: with it off" in ended.out
    assert "try more replications" not in ended.out


def tables_in_help(command: str) -> set[str]:
    """The tables that a command's help says it leaves: files `NAME.parquet`, and folders `NAME/`.

    Of a list such as `a, b and c.parquet` each word counts.
    """
    conf = Path(__file__).parents[2] / "conf" / f"{command}.yaml"
    tree = yaml.safe_load(conf.read_text(encoding="utf-8"))
    said = " ".join(tree["hydra"]["help"]["header"].split("Examples")[0].split())
    lists = re.findall(r"((?:\w+, )*(?:\w+ and )?\w+)\.parquet", said)
    folders = {name for name in PARTED if f" {name}/" in said}
    return folders | {name for words in lists for name in re.split(", | and ", words)}


@pytest.mark.parametrize("command", [
    "ablate", "benchmark", "calibrate", "compare", "optimize", "priors", "response", "sensitivity",
    "trial",
])  # fmt: skip
def test_a_command_s_help_names_tables_that_there_are(command: str) -> None:
    assert tables_in_help(command)
    assert tables_in_help(command) <= set(COLUMNS)


def test_the_main_job_tells_what_is_left_beyond_the_year(type_in, place: Path) -> None:
    worlds = ("ensemble=single", "actuals=null", "targets_bn_rmb=[1,230,260]")
    ended = type_in("optimize", *SMALL, *worlds)
    assert ended.status == 0, ended.err
    value = read_table(place / "out", "value").to_pylist()
    told = {row["measure"] for row in value}
    assert {
        "platform_contribution_0d_in_the_year_fen",
        "platform_contribution_90d_pulled_forward_fen",
        "platform_contribution_365d_left_behind_fen",
        "gmv_paid_365d_whole_fen",
    } <= told
    assert {row["baseline"] for row in value} == {"today"}
    said = " ".join(row["sentence"] for row in read_table(place / "out", "advice").to_pylist())
    assert "worth against going on as today" in said
    assert "days after it (pulled forward" in said
    assert "target path" in said
    assert "with 365 days after." in " ".join(ended.out.split())
    assert "<h3>Beyond the year</h3>" in (place / "out" / "report.html").read_text()
    assert tables_in_help("optimize") == set(list_tables(place / "out"))
    words = (*worlds[:2], "run_off=[]", "hydra.run.dir=short")
    short = type_in("optimize", *SMALL, *words)
    assert short.status == 0, short.err
    assert read_table(place / "short", "value").num_rows == 0


def test_limits_have_units_periods_and_a_present_value(type_in, place: Path) -> None:
    limits = (
        "+objective.constraints.half={measure:gmv_paid_fen@2020-H2,at_least:100 bn RMB}",
        "+objective.constraints.june={measure:subsidy_fen@2020-06,at_most:5}",
    )
    words = ("ensemble=single", "actuals=null", "objective=net_present_value", "run_off=[]")
    ended = type_in("optimize", *SMALL, *words, *limits, "targets_bn_rmb=[800]")
    assert ended.status == 0, ended.err
    assert "Note: targets_bn_rmb asks for 800 bn RMB, more than 3 times the goal" in ended.out
    assert "june.at_most is 5 fen; for 5 bn RMB write '5 bn RMB'" in ended.out
    assert "half.at_least is" not in ended.out
    frontier = read_table(place / "out", "frontier")
    assert {
        "net_present_value_fen",
        "gmv_paid_fen@2020-H2",
        "subsidy_fen@2020-06_se",
        "p_feasible.half",
    } <= set(frontier.column_names)
    assert frontier.schema.field("gmv_paid_fen@2020-H2").metadata == {b"unit": b"fen"}
    assert "gmv_paid_fen@2020-H2" in read_table(place / "out", "trials").column_names
    assert "Net present value" in (place / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["+objective.constraints.half={measure:top10_share@2020-H2,at_most:0.3}"],
            "top10_share does not add up over days",
        ),
        (
            ["+objective.constraints.half={measure:gmv_paid_fen@2021-H1,at_least:1 bn RMB}"],
            "needs the days from 2021-01-01 to 2021-06-30",
        ),
        (
            ["+objective.constraints.cost={measure:cost_fen,at_most:5 bn}"],
            "'bn' is no unit of cost_fen; write RMB, million RMB or bn RMB",
        ),
        (["objective.horizon_days=90"], "no goal or constraint counts them"),
    ],
)
def test_what_is_no_limit_is_refused_with_a_remedy(type_in, words: list[str], said: str) -> None:
    ended = type_in("optimize", *SMALL, "ensemble=single", *words)
    assert ended.status == 2
    assert said in " ".join(ended.err.split())
    assert "remedy" in ended.err
    assert ended.files == set()


def test_what_is_left_needs_a_policy_that_follows(type_in) -> None:
    ended = type_in("optimize", *SMALL, WHOLE, "run_off=[90]")
    assert ended.status == 2
    assert "today names no policy that follows it" in ended.err


def test_sensitivity_leaves_its_table_and_report_and_reads_a_search(
    type_in, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = type_in("sensitivity", *SMALL)
    assert ended.status == 0, ended.err
    assert {"out/sensitivity.parquet", "out/report.html"} <= ended.files
    rows = read_table(place / "out", "sensitivity").to_pylist()
    assert {row["of"] for row in rows} == {"levers", "unknowns"}
    assert {row["index"] for row in rows} == {"first", "total", "noise", "effect"}
    assert "subsidy.rate.multinational" in ended.out
    assert "What moves the measures" in (place / "out" / "report.html").read_text()

    words = ("scale=smoke", "ray.backend=process")
    assert type_in("optimize", *words, "hydra.run.dir=found", WHOLE).status == 0
    ended = type_in("sensitivity", *words, "study=found", "hydra.run.dir=read")
    assert ended.status == 0, ended.err
    rows = read_table(place / "read", "sensitivity").to_pylist()
    assert {row["index"] for row in rows} == {"importance"}
    assert {row["measure"] for row in rows} == {"gmv_paid_fen", "cost_fen", "top10_share"}
    assert "not finished" not in ended.out

    (place / "found" / "manifest.json").unlink()  # as where the search was interrupted
    ended = type_in("sensitivity", *words, "study=found", "hydra.run.dir=again")
    assert ended.status == 0, ended.err
    count = len(read_table(place / "found", "trials"))  # with the policies that were given
    told = f"The search is not finished: {count} of {count} trials are done"
    assert told in " ".join(ended.out.split())
    assert told in (place / "again" / "report.html").read_text(encoding="utf-8")


def test_response_leaves_its_table_and_report_and_can_be_extended(type_in, place: Path) -> None:
    ended = type_in("response", *SMALL, "levers=[subsidy.rate,price.cap]")
    assert ended.status == 0, ended.err
    assert {"out/response.parquet", "out/runs.parquet", "out/report.html"} <= ended.files
    rows = read_table(place / "out", "response").to_pylist()
    assert {row["lever"] for row in rows} == {"subsidy.rate", "price.cap"}
    assert {row["pairs_count"] for row in rows} == {2}
    assert "platform_contribution_with_run_off_fen" in {row["measure"] for row in rows}
    assert "Nothing distinguishable from noise, on any measure: price.cap." in ended.out
    page = (place / "out" / "report.html").read_text()
    assert "<h1>What each lever does alone</h1>" in page
    years = (place / "out" / "runs.jsonl").read_text().count("\n") - 1

    more = ("levers=[subsidy.rate,price.cap,price.cps_floor]", "measures=[gini]")
    assert type_in("response", *SMALL, *more).status == 0
    again = read_table(place / "out", "response").to_pylist()
    known = {(row["lever"], row["value"], row["measure"]): row for row in again}
    for row in rows:
        if (key := (row["lever"], row["value"], row["measure"])) in known:
            assert known[key] == row
    assert (place / "out" / "runs.jsonl").read_text().count("\n") - 1 == years + 6


def test_optimize_searches_levers_of_every_kind(type_in, place: Path) -> None:
    ended = type_in("optimize", *SMALL, WHOLE, "space=staged", "search=gp")
    assert ended.status == 0, ended.err
    columns = read_table(place / "out", "trials").column_names
    assert "lever.subsidy.rate.source@2020-06-16" in columns
    name = min(path.stem for path in (place / "out" / "policy").glob("trial-*.yaml"))
    words = ("scale=smoke", "ray.backend=process", "--config-dir", "out", f"policy={name}")
    again = type_in("simulate", *words, "hydra.run.dir=again", "replications=1")
    assert again.status == 0, again.err


def test_report_is_rebuilt_from_the_tables(type_in, place: Path) -> None:
    type_in("simulate", *SMALL, "replications=2")
    page = place / "out" / "report.html"
    first = page.read_bytes()
    page.unlink()
    ended = type_in("report", "folder=out")
    assert ended.status == 0, ended.err
    assert page.read_bytes() == first


def interrupt_the_second_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(case, *_):
        if case.labels()["replication"] == 2:
            raise KeyboardInterrupt
        return fakes.simulate_fake(case)

    monkeypatch.setattr(sys.modules["engine.market.run"], "simulate", interrupted)


def test_a_report_on_an_interrupted_simulation_says_that_it_is_incomplete(
    type_in, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_the_second_replication(monkeypatch)
    assert type_in("simulate", *SMALL, "replications=3").status == 130
    ended = type_in("report", "folder=out")
    assert ended.status == 0, ended.err
    assert "Note: incomplete results: simulate was interrupted or is still running" in ended.out
    page = (place / "out" / "report.html").read_text()
    assert page.index("Incomplete results: simulate was interrupted") < page.index(
        'class="decision"'
    )
    assert "rests on 2 simulated runs" in page
    assert "<h1>What is simulated under h1_2020</h1>" in page
    monkeypatch.setattr(sys.modules["engine.market.run"], "simulate", fakes.simulate_fake)
    assert type_in("simulate", *SMALL, "replications=3").status == 0
    assert "ncomplete" not in (place / "out" / "report.html").read_text()
    assert "Note" not in type_in("report", "folder=out").out


def test_a_report_on_an_empty_folder_is_refused(type_in, place: Path) -> None:
    (place / "out").mkdir()
    ended = type_in("report", "folder=out")
    assert ended.status == 2
    assert "no results to report on" in ended.err


def test_a_report_on_a_command_stopped_before_its_first_table_says_so(
    type_in, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_the_second_replication(monkeypatch)
    assert type_in("compare", *SMALL, "replications=3").status == 130
    ended = type_in("report", "folder=out")
    assert ended.status == 2
    assert "it is incomplete, its command was interrupted" in ended.err
    assert "go on with it: python -m experiments.compare" in ended.err
    assert "hydra.run.dir=out" in ended.err


def test_a_search_keeps_segments_and_anchors_of_those_in_the_answer(type_in, place: Path) -> None:
    ended = type_in("optimize", *SMALL, "ensemble=single", "replications=2")
    assert ended.status == 0, ended.err
    prices = read_table(place / "out", "price_of_target").to_pylist()
    shown = {"today"} | {row["policy"] for row in prices if row["policy"]}
    for table in ("segments", "anchors"):
        assert set(read_table(place / "out", table)["policy"].to_pylist()) == shown
    frontier = set(read_table(place / "out", "frontier")["policy"].to_pylist())
    assert frontier > shown  # the others' would be bytes that nobody reads
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "Where the subsidy went" in page

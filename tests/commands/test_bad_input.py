"""A mistake ends in one message, the right status, no traceback and nothing left behind."""

from pathlib import Path

import pytest

MISTAKES = [
    pytest.param("simulate", ["policy.subsidy.rate.sorce=0.1"], 2,
                 ["policy.subsidy.rate.sorce: unknown key", "policy.subsidy.rate.source"],
                 id="misspelt key"),
    pytest.param("simulate", ["subsidy.budget_bn_rmb=3"], 2,
                 ["did you mean policy.subsidy.budget_bn_rmb?"], id="key without its group"),
    pytest.param("simulate", ["+policy.price.capp=0.9"], 2,
                 ["policy.price.capp: unknown key", "did you mean policy.price.cap?"],
                 id="added key"),
    pytest.param("simulate", ["seed=abc"], 2,
                 ["seed: got 'abc'", "a whole number, at least 0"], id="text for a number"),
    pytest.param("simulate", ["policy.subsidy.budget_bn_rmb=true"], 2,
                 ["policy.subsidy.budget_bn_rmb: got True", "a number"], id="truth for a number"),
    pytest.param("simulate", ["replications=1.5"], 2,
                 ["replications: got 1.5", "a whole number"], id="fraction for a count"),
    pytest.param("simulate", ["policy.subsidy=5"], 2,
                 ["policy.subsidy: got 5", "budget_bn_rmb"], id="number for a group"),
    pytest.param("simulate", ["policy.subsidy.budget_bn_rmb=-1"], 2,
                 ["policy.subsidy.budget_bn_rmb: got -1", "at least 0, at most 1000 [bn RMB]",
                  "policy.subsidy.budget_bn_rmb=0"], id="negative budget"),
    pytest.param("simulate", ["policy.subsidy.cap_rmb=0"], 2,
                 ["policy.subsidy.cap_rmb: got 0", "at least 0.01", "[RMB per order]",
                  "policy.subsidy.cap_rmb=0.01"], id="cap of zero"),
    pytest.param("simulate", ["policy.subsidy.cap_rmb=null"], 2,
                 ["policy.subsidy.cap_rmb: got None"], id="no cap"),
    pytest.param("simulate", ["policy.subsidy.rate.source={2020-13-01:0.1}"], 2,
                 ["policy.subsidy.rate.source", "'2020-13-01' is not a date"], id="no such month"),
    pytest.param("simulate", ["policy.target.knots=[0.9,0.5,1]"], 2,
                 ["policy.target", "knots fall over time", "never falls"], id="falling target"),
    pytest.param("simulate", ["scenario.calendar.end=2019-12-31"], 2,
                 ["scenario.calendar: end lies before start", "2019-12-31"],
                 id="end before start"),
    pytest.param("simulate", ["scenario=kuaishou_2021"], 2,
                 ["scenario: there is no option 'kuaishou_2021'",
                  "did you mean scenario=kuaishou_2020?"], id="unknown scenario"),
    pytest.param("simulate", ["search=tpe"], 2,
                 ["search: this command does not use the group"], id="group of another command"),
    pytest.param("simulate", ["seed=1,2"], 2,
                 ["seed: got several values '1,2'", "add -m"], id="sweep without -m"),
    pytest.param("simulate", ["policy.name=(("], 2, ["cannot be read"], id="syntax"),
    pytest.param("simulate", ["seed=${nowhere}"], 2,
                 ["seed: Interpolation key 'nowhere' not found"], id="interpolation"),
    pytest.param("simulate", ["--run", "--info"], 2, ["Only one of --run"], id="two modes"),
    pytest.param("simulate", ["--config-dir", "nowhere"], 2,
                 ["--config-dir: ", "nowhere' not found", "a subfolder for each group"],
                 id="no such config folder"),
    pytest.param("simulate", ["--config-dir", "mine", "policy=torn"], 2,
                 ["torn.yaml, line 3, column 1: is no YAML", "remedy"], id="YAML syntax"),
    pytest.param("simulate", ["--config-dir", "mine", "policy=empty"], 2,
                 ["policy: the file policy/empty.yaml is empty"], id="empty file"),
    pytest.param("simulate", ["-m", "seed=1,2", "--config-dir", "mine", "policy=empty"], 2,
                 ["policy: the file policy/empty.yaml is empty"], id="empty file in a sweep"),
    pytest.param("simulate", ["hydra.run.dir="], 2, ["hydra.run.dir: is empty"],
                 id="no output folder"),
    pytest.param("simulate", ["-m", "seed=1,2", "hydra.sweep.dir="], 2,
                 ["hydra.sweep.dir: is empty"], id="no folder of a sweep"),
    pytest.param("simulate", ["hydra.run.dir=/proc/foo"], 1, ["/proc/foo: cannot be written"],
                 id="folder that cannot be made"),
    pytest.param("simulate", ["scale.buyers_count=300e6"], 2,
                 ["scale.buyers_count: 300,000,000 simulated buyers",
                  "217,000,000 people in the world as_is"], id="more buyers than people"),
    pytest.param("optimize", ["scale.buyers_count=1000",
                  "+ensemble.worlds.village={platform:{pool_count:900}}"], 2,
                 ["scale.buyers_count: 1,000", "900 people in the world village"],
                 id="more buyers than people of a world"),
    pytest.param("benchmark", ["populations=[1000,300000000]"], 2,
                 ["populations: 300,000,000"], id="more buyers than people in a benchmark"),
    pytest.param("benchmark", ["suite=one_to_one", "population=300000000"], 2,
                 ["population: 300,000,000"], id="more people than the pool"),
    pytest.param("benchmark", ["suite=one_to_one", "scenario.platform.pool_count=100000000000"], 2,
                 ["population: 100,000,000,000", "GiB are free", "buyers on this machine"],
                 id="a pool larger than memory"),
    pytest.param("benchmark", ["suite=fast"], 2,
                 ["suite: got 'fast'", "one of kernel, peers, one_to_one"], id="unknown suite"),
    pytest.param("benchmark", ["populations=[2000,1000]"], 2,
                 ["populations do not rise", "populations=[2000,20000]"], id="falling sizes"),
    pytest.param("benchmark", ["populations=[2000]"], 2,
                 ["populations: got [2000]", "at least 2 values"], id="one size"),
    pytest.param("benchmark", ["days=400"], 2, ["days=400, but the year has 366"],
                 id="more days than the year"),
    pytest.param("simulate", ["policy.target.year_end_bn_rmb=300"], 2,
                 ["policy.target: revisions lower the year-end target from 300 to 250 bn RMB",
                  "at least 300", "change policy.target.revisions"], id="falling by revision"),
    pytest.param("compare", ["policies.h1_2020.target.knots=[1,1,1]"], 2,
                 ["policies.h1_2020.target.revisions: on 2020-06-01 the knots have reached 1"],
                 id="revision without days left"),
    pytest.param("optimize", ["policy.target.revisions=[{day:2020-06-01,year_end_bn_rmb:260}]"],
                 2, ["policy.target: revisions lower the year-end target from 450 to 260"],
                 id="searched target above a revision"),
    pytest.param("simulate", ["policy.supply.closed_loop={2020-02-01:0.2}"], 2,
                 ["policy.supply.closed_loop: its first date 2020-02-01 lies after the start",
                  "{2020-01-01:0,2020-02-01:0.2}"], id="nothing before the first date"),
    pytest.param("optimize", ["baselines.h1_2020.price.cap={2020-01-01:1,2021-01-01:0.8}"], 2,
                 ["baselines.h1_2020.price.cap: the date 2021-01-01 lies outside the years"],
                 id="date outside the calendar"),
    pytest.param("optimize", ["policy.price.cap=0.9"], 2,
                 ["policy.price.cap: is searched from 0.6 to 1",
                  "space.levers.price.cap.low=...", "~space.levers.price.cap"],
                 id="value of a searched lever"),
    pytest.param("optimize", ["policy.subsidy.rate={source:0.1,partner:0.1}"], 2,
                 ["policy.subsidy.rate.source: is searched", "policy.subsidy.rate.partner"],
                 id="values of searched levers in a group"),
    pytest.param("optimize", ["space.levers={}", "space.trajectory=false"], 2,
                 ["space: nothing is searched"], id="emptied space"),
    pytest.param("compare", ["policy=trial-4"], 2,
                 ["policy: this command has several", "+policy@policies.trial_4=trial-4"],
                 id="group under other keys"),
    pytest.param("simulate", ["policy.target.knots=[0.1,0.2]"], 2,
                 ["policy.target: knots end at 0.2, not at 1", "change policy.target.knots"],
                 id="last knot"),
    pytest.param("optimize", ["+objective.constraints.x={measure:gmv_fen}"], 2,
                 ["objective.constraints.x: a constraint needs a limit",
                  "+objective.constraints.x.at_most=..."], id="constraint without limit"),
    pytest.param("simulate", ["ray.backend=rai"], 2,
                 ["ray.backend: got 'rai'", "one of auto, process, ray", "ray.backend=ray"],
                 id="unknown choice"),
    pytest.param("compare", ["baseline=nobody"], 2,
                 ["baseline: baseline 'nobody' is not among the policies\n", "h1_2020"],
                 id="unknown baseline"),
    pytest.param("optimize", ["space.levers.price.cap.low=2"], 2,
                 ["space.levers.price.cap", "must lie below high"], id="crossed bounds"),
    pytest.param("optimize",
                 ["+objective.constraints.dau.at_most=-0.5"], 2,
                 ["objective.constraints.dau", "at_least lies above at_most"],
                 id="constraint that contradicts itself"),
    pytest.param("optimize", ["objective.constraints.budget.at_most=-1"], 2,
                 ["objective.constraints.budget"], id="constraint that no year can keep"),
    pytest.param("optimize", ["+space.levers.subsidy.rate.sorce={low:0,high:0.1}"], 2,
                 ["space.levers.subsidy.rate.sorce", "no such lever", "subsidy.rate.source"],
                 id="unknown lever"),
    pytest.param("optimize", ["objective.goals=[{measure:gmv,direction:maximize}]"], 2,
                 ["objective.goals", "'gmv'", "gmv_fen"], id="unknown measure"),
    pytest.param("calibrate", ["figures=nowhere.csv"], 2,
                 ["figures: nowhere.csv: there is no such file"], id="no observed figures"),
    pytest.param("calibrate", ["figures=torn.csv"], 2,
                 ["figures: torn.csv, row 1, column role: got 'fot'"], id="bad observed row"),
    pytest.param("calibrate", ["+unknowns.ranges.choice.outsid={low:4,high:5}"], 2,
                 ["unknowns.ranges.choice.outsid: leads to no number",
                  "did you mean choice.outside?"], id="unknown unknown"),
    pytest.param("calibrate", ["unknowns.ranges.returns.base.high=1.4"], 2,
                 ["returns.base", "at most 1"], id="range that the scenario cannot bear"),
    pytest.param("calibrate", ["ensemble=default"], 2, ["a calibration makes an ensemble"],
                 id="ensemble for a calibration"),
    pytest.param("report", [], 2, ["folder: a value is missing"], id="report without a folder"),
    pytest.param("report", ["folder=nowhere"], 2, ["there is no folder 'nowhere'"],
                 id="report on no folder"),
    pytest.param("simulate", ["hydra.run.dir=file/below/it"], 1,
                 ["file/below/it: cannot be written", "hydra.run.dir=..."], id="below a file"),
    pytest.param("simulate", ["-m", "seed=1,2", "hydra.sweep.dir=file/below/it"], 1,
                 ["file/below/it: cannot be written"], id="sweep below a file"),
    pytest.param("simulate", ["-m", "seed=1,-2"], 2, ["seed: got -2"], id="bad last of a sweep"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words", "status", "said"), MISTAKES)
def test_a_mistake_is_explained(type_in, place: Path, command, words, status, said) -> None:
    (place / "file").touch()
    (place / "torn.csv").write_text("key,period,value,unit,role,tolerance\nx,2020,1,%,fot,1\n")
    group = place / "mine" / "policy"
    group.mkdir(parents=True)
    (group / "torn.yaml").write_text("name: torn\nsubsidy: {rate: [1\n")
    (group / "empty.yaml").touch()
    ended = type_in(command, *words)
    assert ended.status == status
    for part in said:
        assert part in ended.err
    assert "Traceback" not in ended.err
    assert ended.files == {"file", "torn.csv", "mine/policy/torn.yaml", "mine/policy/empty.yaml"}


def test_all_mistakes_are_told_at_once(type_in) -> None:
    ended = type_in("simulate", "seed=-1", "replications=0", "+policy.colour=red")
    assert [line.split(":")[0] for line in ended.err.splitlines() if line[0] != " "] == [
        "seed",
        "replications",
        "policy.colour",
    ]


def test_a_rejected_config_does_not_touch_an_older_folder(type_in, place: Path) -> None:
    old = place / "old"
    (old / ".hydra").mkdir(parents=True)
    (old / ".hydra" / "config.yaml").write_text("kept")
    assert type_in("simulate", "hydra.run.dir=old", "seed=-1").status == 2
    assert (old / ".hydra" / "config.yaml").read_text() == "kept"

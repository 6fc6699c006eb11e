"""A config folder for a market of one's own: sizes, assumptions, every command takes it."""

from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir

from engine.checks import check_job
from engine.config import load
from engine.decision.inert import beyond_limits
from engine.errors import InputError
from engine.spec.jobs import Job
from engine.spec.optimize import OptimizeJob
from engine.spec.scenario import Scenario
from engine.starter.facts import Sizes, read_facts
from engine.starter.folder import starter_files, write_folder
from experiments._own import own_words
from experiments._sources import read_dated_levers
from tests.configs.test_every_config_loads import JOBS
from tests.worlds import CONF

ISSUED = ("users_million=30", "order_value=150", "goal_bn=20")
COMMANDS = sorted(command for command, job in JOBS.items() if issubclass(job, Job))


def made(place: Path, *facts: str) -> Path:
    files, _ = starter_files("mine", read_facts(facts), CONF)
    write_folder(place / "mine", files)
    return place / "mine"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("starter"), *ISSUED)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_folder(mine: Path, command: str) -> None:
    words = read_dated_levers(["--config-dir", str(mine)], command, has_scenario=True)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        job = load(compose(command, [*words, "ray.backend=process"]), JOBS[command])
    assert isinstance(job, Job)
    check_job(job)
    assert job.scenario.name == "mine"
    assert job.scenario.platform.goal_bn_rmb == 20
    for key, policy in job.all_policies().items():
        assert policy.subsidy.budget_bn_rmb <= 1, key
        assert policy.target.year_end_bn_rmb <= 36
        assert policy.supply.investment_bn_rmb.on(job.scenario.calendar.end) <= 0.5
    if isinstance(job, OptimizeJob):
        today, kinds = job.baselines[str(job.today)], job.scenario.kinds
        for policy in job.baselines.values():
            assert not beyond_limits(policy, today, job.space, kinds, job.decision_date)
    for space in job.all_spaces().values():
        assert space.levers["subsidy.budget_bn_rmb"].bounds == (0, 3.2)
        assert space.levers["target.year_end_bn_rmb"].bounds == (20, 36)


def test_nothing_of_the_template_s_size_is_left(mine: Path) -> None:
    tree = yaml.safe_load((mine / "scenario/mine.yaml").read_text(encoding="utf-8"))
    scenario = Scenario.model_validate(tree)
    platform = scenario.platform
    assert max(platform.app_dau_million) == pytest.approx(30, rel=0.05)
    assert 3e6 < platform.pool_count < 12e6
    assert platform.recruiting_cost_rmb == pytest.approx(180e6 * 20 / 270, rel=0.1)
    assert scenario.suppliers.source.price_rmb == pytest.approx(38.975 * 150 / 54, rel=0.02)
    assert scenario.calendar.start.year == scenario.calendar.end.year == 2026
    assert scenario.calendar.absences == scenario.calendar.trial_streams == ()


def test_months_given_set_the_size_and_the_decision() -> None:
    facts = read_facts(["gmv_bn=[1.4,1.2,1.6]", "goal_bn=30", "currency=USD", "year=2027"])
    files, assumed = starter_files("mine", facts, CONF)
    rows = files["observed/mine.csv"].splitlines()
    assert rows[1] == "fit,gmv,2027-01,1.4,bn USD,high,,given"
    assert "decision_date: 2027-04-01" in files["question/mine.yaml"]
    assert "RMB" not in "".join(text for place, text in files.items() if place != "README.md")
    assert Sizes.of(facts).gmv == pytest.approx(4.2 / (8.5 + 11.7 + 17.0))
    knots = yaml.safe_load(files["policy/usual.yaml"])["target"]["knots"]
    assert knots[2] == pytest.approx(4.2 / 30, rel=1e-3)
    assert knots[-1] == 1
    for line in assumed:
        assert f"- {line}" in files["README.md"]


def test_the_template_s_own_size_changes_nothing_that_has_a_scale() -> None:
    facts = read_facts([])
    files, _ = starter_files("mine", facts, CONF)
    own = yaml.safe_load(files["scenario/mine.yaml"])
    template = yaml.safe_load((CONF / "scenario/kuaishou_2020.yaml").read_text(encoding="utf-8"))
    for group in ("users", "choice", "attention", "learning", "routing", "returns", "rival"):
        assert own[group] == template[group]
    assert own["suppliers"]["source"]["price_rmb"] == pytest.approx(38.975, rel=0.005)
    assert own["platform"]["pool_count"] == pytest.approx(217e6, rel=0.02)


def test_what_stays_the_template_s_is_told() -> None:
    facts = read_facts(["goal_bn=20", "currency=USD"])
    files, assumed = starter_files("mine", facts, CONF)
    told = " ".join(assumed)
    assert "an order is worth 54 USD, as in the template: a number of RMB" in told
    assert (
        "those of China in 2020, when New Year fell on 25 January: calendar.demand_season" in told
    )
    scenario = files["scenario/mine.yaml"]
    assert "January and February are published as one" not in scenario
    assert "# China's of 2020, when New Year fell on 25 January" in scenario
    assert "order_value_rmb: 70  # USD: as 70 to the template" in scenario
    _, assumed = starter_files("mine", read_facts(["order_value=60", "take_share=0.02"]), CONF)
    assert not any("worth" in one or "keeps" in one for one in assumed)


@pytest.mark.parametrize(("facts", "said"), [
    (["users=30"], "did you mean users_million?"),
    (["users_million"], "is no fact"),
    (["users_million=-1"], "at least 0.01"),
    (["users_million=nan"], "users_million"),
    (["order_value=40000"], "3 to 1000: amounts have as many digits"),
    (["order_value=40000"], "currency='thousand KRW' order_value=40 for 40,000 KRW"),
    (["order_value=2.9"], "a smaller unit, as currency=cents"),
    (["gmv_bn=[40]", "orders_million=1"], "an order is worth 40000 RMB"),
    (["goal_bn=abc"], "a number"),
    (["gmv_bn=[1,2]", "goal_bn=2"], "a goal that is still to be reached"),
    (["gmv_bn=[1,x]"], "gmv_bn"),
    (["gmv_bn=[[[["], "a number, or a list"),
    (["year=2026.5"], "a whole number"),
    (["currency=5%"], "currency"),
    (["year=2026", "year=2027"], "is given twice"),
    (["gmv_bn=[1]", "orders_million=100", "order_value=100"], "agree within a tenth"),
])  # fmt: skip
def test_a_bad_fact_is_one_message(facts: list[str], said: str) -> None:
    with pytest.raises(InputError) as told:
        read_facts(facts)
    assert said in str(told.value)


def test_a_market_is_counted_in_a_larger_unit_of_money() -> None:
    facts = read_facts(["currency=thousand KRW", "order_value=40", "gmv_bn=[0.5]"])
    files, _ = starter_files("mine", facts, CONF)
    assert "fit,gmv,2026-01,0.5,bn thousand KRW,high,,given" in files["observed/mine.csv"]
    tree = yaml.safe_load(files["scenario/mine.yaml"])
    assert Scenario.model_validate(tree).currency == "thousand KRW"


@pytest.mark.parametrize(("facts", "said"), [
    (["users_million=12", "order_value=38", "goal_bn=600"],
     "132 orders a month for each of the 10.2 million people who may buy"),
    (["users_million=12", "order_value=1000", "goal_bn=600"],
     "no market of this size can be simulated: scenario.buyers: monthly_budget_rmb"),
    (["order_value=3", "goal_bn=600"], "scenario.platform.pool_count"),
])  # fmt: skip
def test_facts_of_an_impossible_market_are_refused(facts: list[str], said: str) -> None:
    with pytest.raises(InputError) as told:
        starter_files("mine", read_facts(facts), CONF)
    assert said in str(told.value)
    assert "users and orders in millions" in told.value.remedy


def test_a_folder_that_is_not_empty_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is not empty"):
        made(tmp_path)
    assert [one.name for one in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_words_that_are_typed_go_before_those_of_the_folder(mine: Path) -> None:
    assert own_words(mine, "simulate", []) == ["scenario=mine", "policy=usual"]
    assert own_words(mine, "simulate", ["policy=campaign"]) == ["scenario=mine"]


@pytest.mark.parametrize("text", [
    "simulate: ['hydra.run.dir=/tmp/x']", "simulate: ['+hydra.callbacks.x._target_=os.abort']",
    "simulate: ['hydra/launcher=x']", "simulate: ['--multirun']", "simulate: 5", "simulate: [5]",
    "[1]", "simulate: [",
])  # fmt: skip
def test_words_of_a_folder_reach_nothing_of_hydra_s(tmp_path: Path, text: str) -> None:
    (tmp_path / "commands.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"commands\.yaml"):
        own_words(tmp_path, "simulate", [])


@pytest.mark.parametrize("text", ["simulate: [policy=usual]", "compare: [scenario=mine]"])
def test_a_folder_that_names_no_scenario_for_a_command_is_refused(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "commands.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="names no scenario for simulate"):
        own_words(tmp_path, "simulate", [], has_scenario=True)
    own_words(tmp_path, "simulate", ["scenario=mine"], has_scenario=True)
    own_words(tmp_path, "report", [])


@pytest.mark.parametrize("typed", [
    ["--config-dir={mine}", "--config-dir", "found"], ["-cd", "found", "--config-dir", "{mine}"],
])  # fmt: skip
def test_a_second_folder_is_refused_with_what_to_type(mine: Path, typed: list[str]) -> None:
    with pytest.raises(InputError, match="given 2 times") as told:
        read_dated_levers([word.format(mine=mine) for word in typed], "simulate")
    assert told.value.remedy == f"--config-dir {mine} 'hydra.searchpath=[file://found]'"


def test_a_copy_of_which_only_a_part_was_changed_is_told(mine: Path) -> None:
    tree = yaml.safe_load((CONF / "scenario/kuaishou_2020.yaml").read_text(encoding="utf-8"))
    assert list(Scenario.model_validate(tree).size_notes()) == []
    tree["platform"] |= {"pool_count": 30_000_000, "goal_bn_rmb": 20}
    users, cost = Scenario.model_validate(tree).size_notes()
    assert "274,000,000 people use the app on a day and 30,000,000 may buy" in users
    assert "0.9 % of the year's goal" in cost
    own = yaml.safe_load((mine / "scenario/mine.yaml").read_text(encoding="utf-8"))
    assert list(Scenario.model_validate(own).size_notes()) == []

"""The page of `experiments.explore` on a finished search of the fake market."""

import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from streamlit.testing.v1 import AppTest

from engine.config import load
from engine.explore import Explorer
from engine.results import read_table
from engine.spec.optimize import OptimizeJob
from experiments._explore_page import _as_asked
from experiments._sources import CONF
from tests import fakes

PAGE = Path(__file__).resolve().parents[2] / "experiments" / "_explore_page.py"
SEARCH = ("scale=smoke", "question=year_2020", "ray.backend=process", "search.trials_count=24")


def lines(app: AppTest, number: int) -> dict[str, dict[str, str]]:
    rows = app.table[number].value.to_dict("records")
    return {row["Measure"]: row for row in rows}


def trials_count(app: AppTest) -> int:
    return int(app.caption[0].value.split()[2])


@pytest.mark.slow
def test_a_policy_is_foretold_simulated_and_saved(
    type_in,
    place: Path,
    market_of,
    monkeypatch,
) -> None:
    market_of(fakes.simulate_fake)
    ended = type_in("optimize", *SEARCH, "+scenario.currency=USD", "hydra.run.dir=found")
    assert ended.status == 0, ended.err
    monkeypatch.setattr(sys, "argv", ["page", str(place / "found")])
    app = AppTest.from_file(str(PAGE), default_timeout=300).run()
    assert not app.exception
    assert not app.error
    sales = "GMV as paid, bn USD"
    before = lines(app, 0)[sales]
    assert "±" in before["Forecast"]
    assert before["Simulated"] == "not yet"
    assert len(app.table) == 3  # A, B and B against A
    learnt = trials_count(app)

    (rate,) = (
        one for one in app.slider
        if one.label.startswith("Coupon on factory goods") and one.key.startswith("A")
    )  # fmt: skip
    rate.set_value(0.3 if rate.value < 0.15 else 0.0).run()
    assert lines(app, 0)[sales]["Forecast"] != before["Forecast"]

    app.button(key="A simulate").click().run()
    assert not app.exception
    run = lines(app, 0)[sales]["Simulated"]
    assert run != "not yet"
    assert trials_count(app) == learnt + 1

    app.text_input(key="A name").set_value("mine")
    app.text_input(key="A folder").set_value(str(place / "kept"))
    app.button(key="A save").click().run()
    assert "policy=mine" in app.code[0].value
    words = ("--config-dir", "kept", "policy=mine", "scale=smoke", "replications=2")
    ended = type_in("simulate", *words, "ray.backend=process", "hydra.run.dir=out")
    assert ended.status == 0, ended.err
    assert set(read_table(place / "out", "runs")["policy"].to_pylist()) == {"mine"}


@pytest.mark.parametrize(("scenario", "said"), [
    ("kuaishou_2020", "--config-dir kept policy=mine decision_date=2020-06-01 ensemble=plausible"),
    ("pinduoduo_2019", "--config-dir kept policy=mine scenario=pinduoduo_2019"),
    ("us", "--config-dir MARKET 'hydra.searchpath=[file://kept]' policy=mine scenario=us"),
])  # fmt: skip
def test_a_saved_policy_is_simulated_in_its_market(scenario: str, said: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        job = load(compose("optimize", ["scale=smoke"]), OptimizeJob)
    own = job.scenario.model_copy(update={"name": scenario})
    asked = _as_asked(job.model_copy(update={"scenario": own}), "kept", "mine")
    assert asked.startswith(said)


@pytest.mark.slow
def test_net_cost_is_that_against_today(type_in, place: Path, market_of) -> None:
    market_of(fakes.simulate_fake)
    words = ("ensemble=single", "search.trials_count=30", "hydra.run.dir=priced")
    ended = type_in("optimize", "scale=smoke", "ray.backend=process", *words)
    assert ended.status == 0, ended.err
    explorer = Explorer.open(place / "priced")
    rows = {row["policy"]: row for row in read_table(place / "priced", "trials").to_pylist()}
    left = {name: row["platform_contribution_fen"] for name, row in rows.items()}
    names = list(explorer.policies)
    assert list(explorer.figures["cost_fen"]) == [left["today"] - left[name] for name in names]
    assert "platform_contribution_fen" not in explorer.figures
    name = next(one for one in names if left[one] != left["today"])
    found = explorer.simulate(explorer.policies[name], name, 2)["cost_fen"]
    both = explorer.job.baselines["today"], explorer.policy(explorer.policies[name], name)
    today, own = (
        [year.run["platform_contribution_fen"] for year in explorer._results(one, 2)]
        for one in both
    )
    assert found.value == pytest.approx(sum(today) / len(today) - sum(own) / len(own))
    assert found.value


@pytest.mark.slow
def test_a_search_with_too_few_trials_is_refused_before_a_page_is_served(
    type_in, place: Path, market_of, monkeypatch, capsys
) -> None:
    from experiments import explore

    market_of(fakes.simulate_fake)
    few = ("search.trials_count=8", "hydra.run.dir=few")
    ended = type_in("optimize", *SEARCH[:-1], *few)
    assert ended.status == 0, ended.err
    monkeypatch.setattr(sys, "argv", ["explore", str(place / "few")])
    with pytest.raises(SystemExit) as end:
        explore.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "finished trials in its space" in said
    assert "start a larger one (search.trials_count, here 8)" in said
    assert "let it go on" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "got nothing"),
        (["--config-dir", "us", "found"], "it holds the search's scenario"),
        (["nowhere"], "no finished search in nowhere"),
    ],
)
def test_what_is_no_search_is_refused(
    place: Path,
    monkeypatch,
    capsys,
    words: list[str],
    said: str,
) -> None:
    from experiments import explore

    monkeypatch.setattr(sys, "argv", ["explore", *words])
    with pytest.raises(SystemExit) as end:
        explore.main()
    assert end.value.code == 2
    assert said in capsys.readouterr().err
    assert list(place.iterdir()) == []


def test_the_page_is_served_on_this_machine_alone_and_tells_nobody() -> None:
    from experiments.explore import _OPTIONS

    assert "--server.address=127.0.0.1" in _OPTIONS
    assert "--browser.gatherUsageStats=false" in _OPTIONS

"""Which population a replication meets, and what the tables and the terminal say of it."""

from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from rich.console import Console

from engine.cases import cases
from engine.checks import check_job
from engine.compare import paired
from engine.config import load
from engine.errors import InputError
from engine.report.terminal.policies import print_comparison, print_levers, print_runs
from engine.spec.jobs import CompareJob, _one_lever_at_a_time
from engine.stats.paired import independent_units
from tests.fakes import simulate_fake, small_case, small_policy
from tests.worlds import CONF

THREE = "ensemble.worlds={as_is:{},weak:{rival:{pull:-0.1}},own:{world_seed:50}}"


def job(*overrides: str) -> CompareJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("compare", ["scale=smoke", *overrides]), CompareJob)


def seeds(told: CompareJob, policy: str = "h1_2020") -> dict[str, list[int]]:
    """World seeds by world, replication after replication."""
    found: dict[str, list[int]] = {}
    for case in cases(told, [told.policies[policy]]):
        found.setdefault(case.world, []).append(case.world_seed)
    return found


def test_every_replication_has_a_population_of_its_own() -> None:
    found = seeds(job("replications=3", f"+{THREE}"))
    assert found == {"as_is": [1, 2, 3], "weak": [1, 2, 3], "own": [50, 51, 52]}


def test_replications_go_round_as_many_populations_as_are_asked_for() -> None:
    told = job("replications=5", "populations_count=2", "world_seed=7", f"+{THREE}")
    assert seeds(told)["weak"] == [7, 8, 7, 8, 7]
    assert seeds(told)["own"] == [50, 51, 50, 51, 50]
    assert set(seeds(job("populations_count=1"))["as_is"]) == {1}


def test_policies_meet_the_same_populations_and_the_same_random_numbers() -> None:
    told = job("replications=3", f"+{THREE}")
    met = [
        [(c.world, c.replication, c.world_seed, c.run_seed) for c in cases(told, [policy])]
        for policy in told.policies.values()
    ]
    assert met[0] == met[1] == met[2]
    assert len({run_seed for *_, run_seed in met[0]}) == 3


def test_the_tables_name_the_population() -> None:
    case = cases(job("world_seed=9", "replications=2"), [small_policy()])[1]
    assert case.labels()["population"] == 10


@pytest.mark.parametrize("seed", ["-1", "1.5", "many", "true"])
def test_a_worlds_seed_is_a_whole_number(seed: str) -> None:
    with pytest.raises(InputError) as error:
        job(f"+ensemble.worlds.other={{world_seed:{seed}}}")
    assert "world_seed of the world other" in str(error.value)


def test_no_count_of_populations_below_one() -> None:
    with pytest.raises(InputError, match="populations_count"):
        job("populations_count=0")


def test_units_are_replications_and_populations_that_come_again() -> None:
    assert independent_units([0, 0, 1, 1], [1, 50, 2, 51]).tolist() == [0, 0, 1, 1]
    assert independent_units([0, 1, 2, 3, 4], [7, 8, 7, 8, 7]).tolist() == [0, 1, 0, 1, 0]
    assert independent_units([0, 1, 2], [7, 7, 7]).tolist() == [0, 1, 2]


def test_one_lever_at_a_time_takes_every_lever_that_differs_and_no_other() -> None:
    told = job()
    base, other = told.policies["h1_2020"], told.policies["laissez_faire"]
    found = _one_lever_at_a_time(base, other)
    assert {"subsidy", "price", "target", "traffic", "supply"} < found.keys()
    assert {"subsidy.rate", "price.cap", "target.revisions", "supply.library_open"} < found.keys()
    assert not {"traffic.exponent", "subsidy.tier_factor", "name"} & found.keys()
    assert found["subsidy"].subsidy == other.subsidy
    assert found["subsidy"].price == base.price
    assert found["price.cap"].price == base.price.model_copy(update={"cap": other.price.cap})
    assert _one_lever_at_a_time(base, base) == {}


def test_a_group_of_one_lever_is_told_once() -> None:
    base = job().policies["laissez_faire"]
    other = base.model_copy(update={"price": base.price.model_copy(update={"cap": 0.9})})
    assert list(_one_lever_at_a_time(base, other)) == ["price"]


def test_a_comparison_of_levers_simulates_the_baseline_without_each() -> None:
    told = job("baseline=h1_2020", "one_at_a_time=laissez_faire")
    check_job(told)
    found = told.compared()
    assert next(iter(found)) == "h1_2020"
    assert {"without_subsidy.rate", "without_price"} < found.keys()
    assert "double_ten_billion" not in found
    assert all(policy.name == name for name, policy in found.items())


@pytest.mark.parametrize("other", ["nobody", "laissez_faire"])
def test_what_does_not_differ_from_the_baseline_has_no_levers(other: str) -> None:
    with pytest.raises(InputError, match="one_at_a_time"):
        job(f"one_at_a_time={other}")


def years(worlds: int, replications: int) -> list[Any]:
    """Years of the fake market: two policies, worlds that differ in nothing but their name."""
    return [
        simulate_fake(
            small_case(small_policy(name, rate), replication=r, world=f"w_{w}", world_seed=1 + r)
        )
        for name, rate in (("none", 0.0), ("without_some", 0.1))
        for w in range(worlds)
        for r in range(replications)
    ]


def printed(rows: list[Any], how: Any, width: int = 80) -> str:
    console = Console(width=width, record=True, force_terminal=False)
    how(rows, console)
    return console.export_text()


MEASURES = ("gmv_paid_fen", "platform_contribution_fen")


def test_the_terminal_says_what_intervals_rest_on() -> None:
    text = printed(paired(years(3, 2), "none", MEASURES), print_comparison)
    assert "2 replications of 3 worlds" in text
    assert "By world" in text
    assert "nothing is known of the noise" not in text
    text = printed(paired(years(3, 1), "none", MEASURES), print_comparison)
    assert "nothing is known of the noise" in text


def test_the_terminal_shows_the_spread_over_worlds() -> None:
    several = " ".join(printed(years(2, 2), print_runs).split())
    assert "mean GMV paid of a world from" in several
    assert "All worlds weigh alike in these means" in several
    one = printed(years(1, 1), print_runs)
    assert "weigh alike" not in one
    assert "of a world" not in one
    assert "nothing is known of the noise" in one


def test_levers_are_told_a_line_each() -> None:
    text = printed(paired(years(1, 3), "none", MEASURES), print_levers)
    assert "none without one thing at a time (3 replications" in text
    assert any(line.startswith("some ") for line in text.splitlines())


def test_a_repeated_world_adds_no_information() -> None:
    """Worlds that are copies of one another leave the interval as it is."""
    one, nine = (paired(years(count, 4), "none", MEASURES)[0] for count in (1, 9))
    assert nine["difference"] == pytest.approx(one["difference"])
    assert nine["standard_error"] == pytest.approx(one["standard_error"])
    assert np.isclose(nine["lowest_world"], nine["highest_world"])

"""A scenario declares its kinds and categories: schemas, levers and policies follow them."""

import copy
import pickle
from datetime import date
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from engine.case import Case
from engine.cases import cases
from engine.config import dump, load, resolve
from engine.errors import CombinedInputError, InputError
from engine.spec.jobs import SimulateJob
from engine.spec.kinds import Kind
from engine.spec.levers import levers_of, policy_value, set_levers
from engine.spec.mechanisms import MECHANISMS, switched_policy, switched_scenario
from engine.spec.optimize import OptimizeJob
from tests.kinds import KINDS, ROLES
from tests.own_kinds import with_own_words
from tests.worlds import CONF


def composed(command: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(command, list(overrides))


def tree(*overrides: str) -> dict[str, Any]:
    return resolve(composed("simulate", "scale=smoke", *overrides))


def loaded(made: dict[str, Any]) -> SimulateJob:
    return load(OmegaConf.create(made), SimulateJob)


def cases_of(made: dict[str, Any]) -> list[Case]:
    job = loaded(made)
    return cases(job, [job.policy])


def changed(made: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a path replaced; taken out where it is None."""
    made = copy.deepcopy(made)
    *groups, leaf = path.split(".")
    place = made
    for group in groups:
        place = place[int(group) if isinstance(place, list) else group]
    if value is None:
        del place[leaf]
    else:
        place[leaf] = value
    return made


OWN = with_own_words(tree("policy=double_ten_billion"))
"""A job with a sixth kind, `importer`, and a seventh category, `toys`."""


def test_the_order_of_all_arrays_is_that_of_the_declaration() -> None:
    made = changed(OWN, "scenario.platform.take_share", {})
    wanted = [kind["name"] for kind in OWN["scenario"]["kinds"]]
    for number, word in reversed([*enumerate(wanted)]):
        made["scenario"]["platform"]["take_share"][word] = 0.01 * number
    scenario = loaded(made).scenario
    assert list(scenario.kind_names) == wanted
    assert scenario.platform.take_share.of(scenario.kind_names) == (0, 0.01, 0.02, 0.03, 0.04, 0.05)
    assert scenario.kinds_that("joins_plan") == (False, False, True, True, False, True)
    assert scenario.categories[-1] == "toys"


def test_a_job_with_words_of_its_own_is_written_and_read_again() -> None:
    job = loaded(OWN)
    assert loaded(OmegaConf.to_container(OmegaConf.create(dump(job)))) == job
    assert pickle.loads(pickle.dumps(job)) == job
    assert job.identity() != loaded(tree("policy=double_ten_billion")).identity()


WRONG: dict[str, tuple[str, Any, list[str]]] = {
    "a kind without a rate": ("policy.subsidy.rate", dict.fromkeys(KINDS, 0.1),
        ["policy.subsidy.rate", "no value for importer", "multinational, partner, importer"]),
    "a rate of no kind": ("policy.subsidy.rate.exporter", 0.1,
        ["policy.subsidy.rate", "scenario.kinds has no exporter"]),
    "a kind without numbers": ("scenario.suppliers.importer", None,
        ["scenario.suppliers", "no value for importer"]),
    "a kind without a take": ("scenario.platform.take_share.importer", None,
        ["scenario.platform.take_share", "no value for importer"]),
    "numbers of no kind": ("scenario.platform.take_share.exporter", 0.1,
        ["scenario.platform.take_share", "scenario.kinds has no exporter"]),
    "a category without a need": ("scenario.attention.need_days.toys", None,
        ["scenario.attention.need_days", "no value for toys", "scenario.categories"]),
    "a return of no category": ("scenario.returns.category.bricks", 1,
        ["scenario.returns.category", "scenario.categories has no bricks"]),
    "a price of no category": ("scenario.suppliers.category_price.bricks", 1,
        ["scenario.suppliers.category_price", "bricks"]),
    "a share of no category": ("scenario.anchors.category_share.bricks", 1,
        ["scenario.anchors.category_share", "bricks"]),
    "no kinds": ("scenario.kinds", [], ["scenario.kinds", "at least 1"]),
    "no categories": ("scenario.categories", [], ["scenario.categories", "at least 1"]),
    "kinds left out": ("scenario.kinds", None, ["scenario.kinds", "a value is missing"]),
    "a role that is none": ("scenario.kinds.0.is_nice", True,
        ["scenario.kinds[0].is_nice", "unknown key", "is_brand"]),
    "a mechanism of no coupon": ("scenario.kinds.0.mechanism", "m09_private_domain",
        ["scenario.kinds[0].mechanism", "m01_source_goods"]),
    "a word with a blank": ("scenario.categories", ["toys and games"],
        ["'toys and games'", "a letter first"]),
    "a kind twice": ("scenario.kinds.0.name", "domestic", ["'domestic' twice"]),
    "a category twice": ("scenario.categories", ["toys", "toys"], ["'toys' twice"]),
    "a name that is kept": ("scenario.kinds.0.name", "goods_count",
        ["'goods_count'", "a name that this package keeps"]),
    "a kind called others": ("scenario.kinds.0.name", "others",
        ["'others'", "a name that this package keeps"]),
    "a misspelt key": ("scenario.suppliers.goods_cuont", 4,
        ["scenario.suppliers.goods_cuont", "unknown key", "did you mean", "goods_count"]),
    "a guest of no kind": ("scenario.calendar.trial_streams", [{
        "name": "guest", "day": "2020-05-10", "kind": "exporter", "category": "toys",
        "traffic_share": 0.1, "price_rmb": 100, "cost_share": 0.5, "attention": 2,
        "forecast_rmb": 1000}], ["trial_streams[0]", "kind=exporter", "importer"]),
    "fewer suppliers than kinds": ("scale.suppliers_count", 5,
        ["scale.suppliers_count", "at least 6"]),
    "a world with kinds of its own": ("ensemble.worlds", {"a": {"kinds": {"x": {}}}},
        ["ensemble.worlds.a.kinds", "declare it in the scenario"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_words_that_do_not_fit_are_refused_in_one_message(name: str) -> None:
    path, value, told = WRONG[name]
    with pytest.raises((CombinedInputError, InputError)) as found:
        cases_of(changed(OWN, path, value))
    for words in told:
        assert words in str(found.value), (words, str(found.value))
    assert str(found.value).count("remedy:") == 1


def test_a_policy_of_another_scenario_is_refused_in_one_message() -> None:
    with pytest.raises(CombinedInputError) as found:
        loaded(tree("scenario=pinduoduo_2019", "policy=h1_2020"))
    assert str(found.value).count("remedy:") == 1
    assert "scenario.kinds has no source, platform_brand, domestic, multinational, partner" in str(
        found.value
    )
    assert "white_label, factory_brand, domestic_brand" in str(found.value)


def test_others_stands_for_every_kind_that_is_not_named() -> None:
    rate = {"others": 0.05, "importer": {"2020-01-01": 0.0, "2020-06-01": 0.2}}
    job = loaded(changed(OWN, "policy.subsidy.rate", rate))
    assert job.policy.subsidy.rate.words == job.scenario.kind_names
    assert job.policy.subsidy.rate.source.on(date(2020, 7, 1)) == 0.05
    assert job.policy.subsidy.rate.importer.on(date(2020, 7, 1)) == 0.2
    with pytest.raises(CombinedInputError, match=r"subsidy\.rate: others stands for no kind"):
        loaded(tree("policy=h1_2020", "policy.subsidy.rate.others=0.1"))
    with pytest.raises(CombinedInputError, match=r"rate\.others: got -1"):
        loaded(tree("policy=h1_2020", "policy.subsidy.rate.others=-1"))
    neutral = loaded(with_own_words(tree("policy=no_levers"))).policy
    assert {policy_value(neutral, path).steps[0][1] for path in RATES} == {0.0}


LEVERS = levers_of(loaded(OWN).scenario.kinds)
RATES = [f"subsidy.rate.{word}" for word in loaded(OWN).scenario.kind_names]


def test_the_catalogue_of_levers_follows_the_kinds() -> None:
    assert [path for path in LEVERS if path.startswith("subsidy.rate.")] == RATES
    assert LEVERS["subsidy.rate.importer"].goods == "imported goods"
    assert LEVERS.keys() - set(RATES) == levers_of(ROLES).keys() - set(RATES)
    kinds = (Kind(name="own", mechanism="m01_source_goods"), Kind(name="a", is_co_funded=True),
             Kind(name="b", is_co_funded=True))  # fmt: skip
    found = levers_of(kinds)
    assert found["subsidy.rate.own"].mechanism == "m01_source_goods"
    assert found["subsidy.rate.own"].goods == "own"
    assert found["subsidy.partner_share"].needs == (
        ("subsidy.rate.a",), ("subsidy.rate.b",), ("subsidy.new_buyer_rate",),
    )  # fmt: skip
    alone = levers_of((Kind(name="own"),))
    assert alone["subsidy.partner_share"].needs == (("subsidy.rate:is_co_funded",),)


def test_levers_of_a_policy_follow_the_kinds() -> None:
    policy = loaded(OWN).policy
    moved = set_levers(policy, {"subsidy.rate.importer": 0.25}, "moved")
    assert policy_value(moved, "subsidy.rate.importer").steps[0][1] == 0.25
    assert moved.subsidy.rate.source == policy.subsidy.rate.source


def test_every_lever_is_searched_over_the_scenarios_kinds() -> None:
    words = ("question=pinduoduo_2019", "space=all_levers", "ensemble=single")
    job = load(composed("optimize", *words), OptimizeJob)
    assert job.space.levers.keys() == levers_of(job.scenario.kinds).keys()
    assert "subsidy.rate.subsidy_channel" in job.space.levers


def test_mechanisms_are_switched_off_over_the_scenarios_kinds() -> None:
    made = changed(OWN, "scenario.kinds.5.mechanism", "m01_source_goods")
    for mechanism in MECHANISMS:
        made = changed(made, f"scenario.mechanisms.{mechanism.name}", False)
    job = loaded(made)
    off = switched_scenario(job.scenario).suppliers
    assert off.importer.joined_share == off.source.joined_share == 0
    assert off.domestic.joined_share > 0
    assert off.importer.external_share == off.importer.exit_per_day == 0
    neutral = switched_policy(job.scenario, job.policy)
    assert neutral.subsidy.rate == job.policy.subsidy.rate

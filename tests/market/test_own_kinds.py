"""Kinds of supplier and categories of goods are data of a scenario: several live in one process."""

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf

from engine.case import Case, RunResult
from engine.cases import cases
from engine.config import load, resolve
from engine.market.run import simulate
from engine.market.scratch import new_scratch
from engine.market.state import open_state
from engine.market.world import World, open_world
from engine.results.world_tables import export_worlds
from engine.spec.jobs import SimulateJob
from engine.spec.tables import OwnTables
from engine.tables import with_own_tables
from tests.configs.test_kinds_of_scenario import composed
from tests.own_kinds import with_own_words
from tests.update_golden import RUNS, read_golden
from tests.worlds import case

SMALL = (
    "scale=smoke", "policy=double_ten_billion", "scale.buyers_count=600", "replications=1",
    "scale.anchors_count=120", "scale.suppliers_count=120", "scenario.calendar.end=2020-01-10",
)  # fmt: skip


@cache
def own_job(*overrides: str) -> SimulateJob:
    """A job with a sixth kind and a seventh category: they are a few lines of its config."""
    tree = with_own_words(resolve(composed("simulate", *SMALL)))
    tree["policy"]["subsidy"]["rate"]["importer"] = 0.2
    tree["scenario"]["suppliers"]["importer"] |= {"joined_share": 1.0, "price_rmb": 40}
    return load(OmegaConf.create(tree), SimulateJob)


def own_case() -> Case:
    return cases(own_job(), [own_job().policy])[0]


def opened(asked: Case) -> World:
    return open_world(asked.scenario, asked.scale, asked.world_seed)


@cache
def own_year() -> RunResult:
    return simulate(own_case())


def test_the_world_has_suppliers_and_goods_of_the_new_words() -> None:
    asked = own_case()
    world, state = opened(asked), open_state(opened(asked), asked.run_seed)
    shares = asked.scenario.suppliers.importer.count_share
    assert (world.suppliers.kind == 5).sum() == round(120 * shares)
    assert (world.goods.category == 6).any()
    person = state.buyers.person
    assert person.dtype["bought"].shape == (7,)
    assert person.dtype["trust"].shape == (6,)
    assert len(set(person["bought"][:, 6])) > 10  # each has a last purchase of its own
    assert world.is_brand.tolist() == [False, False, True, True, True, True]


def test_only_what_reads_buyers_is_compiled_for_their_number() -> None:
    """`_MarketRecords` of all markets are of one type; a buyer's record is as long as they are."""
    sealed = []
    for asked in (own_case(), case(*SMALL[2:5], days=1)):
        world = opened(asked)
        with new_scratch(world, open_state(world, asked.run_seed)) as scratch:
            sealed.append(scratch.sealed)
    own, usual = sealed
    assert own.market.dtype == usual.market.dtype
    assert own.buyers.dtype != usual.buyers.dtype


def test_the_market_runs_and_its_tables_have_the_new_words() -> None:
    year = own_year()
    assert year.segments["orders_count"].shape[1] == 6
    assert year.daily["joined_importer_count"][-1] > 0
    kinds = own_case().scenario.kind_names
    joined = sum(year.daily[f"joined_{kind}_count"][-1] for kind in kinds)
    assert year.run["joined_suppliers_share"] == joined / 120
    paid = year.segments["gmv_paid_fen"].sum(axis=(0, 2, 3, 4))
    brands = paid[[kinds.index(k) for k in ("domestic", "multinational", "partner", "importer")]]
    assert paid[5] > 0
    assert year.run["brand_share"] == brands.sum() / paid.sum()
    assert year.segments["subsidy_fen"][:, 5].sum() > 0  # its own coupon rate


def test_a_role_is_data() -> None:
    """Of an importer that the partner co-funds, it pays a part of the coupons."""
    asked = own_case()
    subsidy = asked.policy.subsidy
    kinds = asked.scenario.kinds
    kinds = (*kinds[:5], kinds[5].model_copy(update={"is_co_funded": True}))
    scenario = asked.scenario.model_copy(update={"kinds": kinds})
    assert subsidy.partner_share.steps[0][1] > 0
    assert subsidy.partner_budget_bn_rmb > 0
    assert own_year().segments["partner_subsidy_fen"][:, 5].sum() == 0
    assert simulate(replace(asked, scenario=scenario)).segments["partner_subsidy_fen"][:, 5].sum()


def test_scenarios_of_other_words_run_in_one_process_and_change_no_bit() -> None:
    """Five kinds, six, five and six again; the five are a golden run."""
    name, (levers, days) = next(iter(RUNS.items()))
    asked = (case(*levers, days=days), own_case())
    first, again = ([simulate(one) for one in asked] for _ in range(2))
    for before, after in zip(first, again, strict=True):
        for column, values in before.daily.items():
            assert np.array_equal(after.daily[column], values), column
        for column, values in before.segments.items():
            assert np.array_equal(after.segments[column], values), column
    assert [year.segments["gmv_fen"].shape[1] for year in first] == [5, 6]
    pinned = read_golden()[name]
    assert {key: again[0].run[key] for key in pinned} == pytest.approx(pinned, rel=1e-9)


def test_pinduoduos_words_are_its_own() -> None:
    one, other = case().scenario, case("scenario=pinduoduo_2019", "policy=ten_billion").scenario
    assert not set(one.kind_names) & set(other.kind_names)
    assert set(one.categories) != set(other.categories)


@pytest.mark.parametrize("table", ["suppliers", "goods", "anchors", "buyers"])
def test_own_tables_have_the_words_of_the_scenario(table: str, tmp_path) -> None:
    """An export read back gives the same world; a word that the scenario lacks is refused."""
    asked = own_case()
    export_worlds([asked], str(tmp_path / "world"))
    found = pq.read_table(tmp_path / "world" / f"{table}.parquet")
    new = {"suppliers": ("kind", "importer"), "goods": ("category", "toys"),
           "anchors": ("category", "toys")}  # fmt: skip
    if table == "buyers":
        assert "last_toys_days" in found.column_names
    else:
        column, word = new[table]
        assert word in found[column].to_pylist()
    tables = OwnTables.model_validate({"folder": str(tmp_path / "world")})
    again = with_own_tables(own_job().model_copy(update={"tables": tables}))
    year = simulate(cases(again, [again.policy])[0])
    for name, values in own_year().daily.items():
        assert np.array_equal(year.daily[name], values), name

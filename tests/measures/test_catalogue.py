"""Every measure is declared once, and says what it is."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.accounts import Account
from engine.measures import catalogue
from engine.measures.catalogue import MEASURES, possible_range
from engine.measures.days import DAY_MEASURES
from engine.measures.elasticities import ELASTICITY_MEASURES
from engine.measures.flows import FLOW_MEASURES, SEGMENT_FLOWS
from engine.measures.measure import Measure, _top_share, cumulative, ratio, shares
from engine.measures.months import MONTH_MEASURES
from engine.measures.runs import RUN_MEASURES

ROOT = Path(__file__).parents[2]
BY_TABLE = {
    "daily": (*FLOW_MEASURES, *DAY_MEASURES, *ELASTICITY_MEASURES),
    "runs": (*FLOW_MEASURES, *RUN_MEASURES, *ELASTICITY_MEASURES),
    "monthly": (*MONTH_MEASURES, *ELASTICITY_MEASURES),
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_every_measure_has_a_label_and_a_definition(measure: Measure) -> None:
    assert measure.label
    assert measure.label != measure.name
    assert measure.definition.endswith(".")


def test_no_two_measures_share_a_label() -> None:
    labels = [measure.label for measure in MEASURES.values()]
    assert len(set(labels)) == len(labels)


def test_a_name_is_one_measure_in_whatever_tables_it_stands() -> None:
    for measures in BY_TABLE.values():
        assert all(MEASURES[measure.name] is measure for measure in measures)
        assert len({measure.name for measure in measures}) == len(measures)


def test_every_column_comes_from_the_catalogue() -> None:
    tables = {"daily": catalogue.DAILY, "runs": catalogue.RUN, "monthly": catalogue.MONTHLY}
    for table, measures in BY_TABLE.items():
        assert tables[table] == {measure.name: measure.column_type for measure in measures}


def test_every_column_has_a_source() -> None:
    own_days = {measure.name for measure in DAY_MEASURES}
    assert all(measure.run for measure in RUN_MEASURES if measure.name != catalogue.WALL_TIME)
    assert all(measure.run is None for measure in FLOW_MEASURES)  # the run's is the sum
    assert all(measure.month for measure in MONTH_MEASURES)
    assert own_days | set(catalogue.FLOWS) >= set(catalogue.RECORDED) - {"budget_fen", "purse_day"}


def test_segments_are_accounts_of_the_ledger() -> None:
    assert tuple(catalogue.SEGMENT) == SEGMENT_FLOWS
    assert catalogue.SEGMENT["gmv_paid_fen"] is Account.PAID


def test_key_measures_are_numbered_without_gaps() -> None:
    keys = sorted(measure.key for measure in MEASURES.values() if measure.key is not None)
    assert keys == list(range(1, len(catalogue.KEY_MEASURES) + 1))


def test_types_and_ranges_follow_the_suffix_unless_given() -> None:
    assert Measure("some_fen", "", "").column_type is int
    assert Measure("some_share", "", "").column_type is float
    assert Measure("some_fen", "", "", dtype=float).column_type is float
    assert possible_range("brand_share") == possible_range("gini") == (0.0, 1.0)
    assert possible_range("target_attained") == (0.0, 1.0)
    assert possible_range("attainment_share") == (0.0, math.inf)
    assert possible_range("cost_fen") == (-math.inf, math.inf)


def test_arithmetic_of_formulas() -> None:
    assert (ratio(1, 4), ratio(1, 0)) == (0.25, 0.0)
    assert shares(np.array([1, 2]), np.array([4, 0])).tolist() == [0.25, 0.0]
    assert cumulative(np.array([1, 2, 3, 4]), np.array([0, 0, 7, 7])).tolist() == [1, 3, 3, 7]
    assert _top_share(np.array([1.0, 2.0, 5.0]), 1, np.ones(3)) == 0.625


def test_the_catalogue_does_without_numba() -> None:
    code = "import sys, engine.measures.catalogue; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

"""A limit on a half year in a search of the real market, against the days that it leaves."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from engine.config import load
from engine.results import Results, read_table
from engine.spec.optimize import OptimizeJob
from tests.search.jobs import run
from tests.worlds import CONF

HALF, VALUE = "gmv_paid_fen@2020-H2", "net_present_value_fen"
WORDS = (
    "scale=smoke",
    "scale.buyers_count=200",
    "ensemble=single",
    "objective=net_present_value",
    "objective.horizon_days=20",
    "scenario.calendar.start=2020-06-01",
    "scenario.calendar.first_day=2020-05-20",
    "search.trials_count=4",
    "search.batch_count=1",
    "search.rungs=[{population_share:1,replications:1}]",
    "search.finalists_count=2",
    "search.first_replications=2",
    "search.final_replications=2",
    "+objective.constraints.half={measure:gmv_paid_fen@2020-H2,at_least:30 bn RMB}",
)


def job() -> OptimizeJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("optimize", list(WORDS)), OptimizeJob)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    from engine.market.run import simulate

    place = Path(tmp_path_factory.mktemp("half"))
    asked = job()
    outcome = run(asked, place, simulate)
    results = Results(place, {"scenario": {"calendar": {"start": "2020-06-01"}}}, asked.seed)
    results.write_runs(outcome.results)
    results.finish()
    return outcome, place


def test_a_half_year_is_the_sum_of_its_months(found):
    outcome, place = found
    rows = read_table(place, "daily").to_pylist()
    for row in outcome.frontier:
        months = np.zeros((13, 2))
        for day in rows:
            if day["policy"] == row["policy"]:
                months[day["date"].month, day["replication"]] += day["gmv_paid_fen"]
        assert months[6:].min() > 0
        assert row[HALF] == pytest.approx(months[7:].sum(axis=0).mean(), rel=1e-12)
        assert row["gmv_paid_fen"] == pytest.approx(months.sum(axis=0).mean(), rel=1e-12)


def test_a_present_value_counts_the_days_after_the_year(found):
    outcome, _ = found
    last = date(2020, 12, 31) + timedelta(days=20)
    for row in outcome.frontier:
        own = [y for y in outcome.results if y.labels["policy"] == row["policy"]]
        values = []
        for year in own:
            paid = year.valued_days["platform_contribution_fen"]
            assert paid.size == (last - date(2020, 6, 1)).days + 1
            assert (paid[:214] == year.daily["platform_contribution_fen"]).all()
            values.append(sum(int(fen) * 1.1 ** (-t / 365) for t, fen in enumerate(paid)))
        assert row[VALUE] == pytest.approx(np.mean(values))

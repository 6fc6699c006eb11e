"""Result tables: readable by others, whole or absent, the same bits for the same study."""

import errno
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from engine.case import RunResult
from engine.errors import InputError, StorageError
from engine.measures import catalogue
from engine.results import (
    Results,
    config_hash,
    is_complete,
    list_tables,
    read_table,
)
from engine.results.checkpoint import RunCheckpoint
from engine.results.schemas import COLUMNS, unit_of
from engine.results.storage import open_folder
from engine.results.writer import _schema, part_name
from tests.fakes import simulate_fake, small_case, small_policy
from tests.kinds import KINDS_IN_CONFIG

CONFIG = {
    "seed": 7,
    "scenario": {
        "name": "fake_market",
        "kinds": KINDS_IN_CONFIG,
        "calendar": {"start": date(2020, 1, 1)},
    },
    "ensemble": {"worlds": {"late": {"calendar": {"start": "2020-02-01"}}}},
}


def years(*labels: tuple[str, int]) -> list[RunResult]:
    return [
        simulate_fake(small_case(small_policy(name), replication=replication))
        for name, replication in labels or (("b/../ü", 1), ("a", 0), ("a", 1))
    ]


def write(
    folder: Path, found: list[RunResult] | None = None, config: dict[str, Any] = CONFIG
) -> Path:
    results = Results(folder, config, seed=7)
    results.write_runs(found or years(), segments=True, anchors=True)
    results.write_rows("trials", [{"trial": 0, "policy": "a", "state": "complete", "lever.x": 1}])
    results.finish()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_duckdb_reads_every_table_without_this_package(tmp_path: Path) -> None:
    write(tmp_path)
    ask = duckdb.connect().sql
    assert (
        ask(f"select sum(gmv_fen) from '{tmp_path}/runs.parquet'").fetchall()
        == ask(f"select sum(gmv_fen) from '{tmp_path}/daily/*.parquet'").fetchall()
    )
    assert ask(f"select min(date), max(date) from '{tmp_path}/daily/*.parquet'").fetchall() == [
        (date(2020, 1, 1), date(2020, 3, 31))
    ]
    by_kind = f"select count(distinct kind) from '{tmp_path}/segments/*.parquet'"
    assert ask(by_kind).fetchall() == [(5,)]
    assert ask(f"select count(*) from '{tmp_path}/anchors/*.parquet'").fetchall() == [(30,)]


def test_polars_reads_every_table_without_this_package(tmp_path: Path) -> None:
    write(tmp_path)
    assert pl.read_parquet(tmp_path / "runs.parquet").height == 3
    daily = pl.read_parquet(tmp_path / "daily" / "*.parquet")
    segments = pl.read_parquet(tmp_path / "segments" / "*.parquet")
    assert daily["subsidy_fen"].sum() == segments["subsidy_fen"].sum()
    months = pl.read_parquet(tmp_path / "monthly.parquet")["month"].unique().sort()
    assert months.to_list() == [date(2020, month, 1) for month in (1, 2, 3)]


def test_the_columns_are_those_of_the_catalogue(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_table(tmp_path, "runs").column_names == [*catalogue.KEYS, *catalogue.RUN]
    assert read_table(tmp_path, "daily").column_names == [*catalogue.KEYS, "date", *catalogue.DAILY]


def test_every_file_says_where_it_comes_from(tmp_path: Path) -> None:
    for path in write(tmp_path).rglob("*.parquet"):
        known = {key.decode(): value for key, value in pq.read_schema(path).metadata.items()}
        assert json.loads(known["poquan.config"])["scenario"]["name"] == "fake_market"
        assert known["poquan.config_hash"].decode() == config_hash(CONFIG)
        assert known["poquan.seed"] == b"7"
        assert "numpy" in json.loads(known["poquan.versions"])


def test_every_amount_names_its_unit() -> None:
    unitless = {"gini", "hhi", "commercial_load", "rival_pull", "target_attained", "difference"}
    unitless |= {"mean", "baseline_mean", "standard_error", "ci_low", "ci_high"}
    unitless |= {"own_elasticity", "kind_elasticity", "market_elasticity"}
    unitless |= {"lowest_world", "highest_world", "demand_shock"}
    unitless |= {
        "variance_reduction",
        "trial",
        "replication",
        "seed",
        "population",
        "anchor",
        "job",
    }
    unitless |= {"value", "lowest", "highest", "goal", "within"}  # of a measure that names it
    unitless |= {"base_value"}  # of a lever that is named
    unitless |= {"truth", "truth_se", "truth_half_width"}
    unitless |= {"bias", "spread", "half_width", "detectable"}  # likewise
    unitless |= {"figure", "figure_se", "estimate", "estimate_se"}  # of a parameter, without unit
    unitless |= {"observed", "tolerance", "simulated"}  # in the unit that the row names
    unitless |= {"kept_low", "kept_high", "range_low", "range_high"}  # likewise
    unitless |= {"low", "median", "high", "by_line", "as_last", "bound"}  # likewise
    unitless |= {"prior_low", "prior_high", "coupon_low", "coupon_high"}  # RMB per RMB the last
    unitless |= {"coverage", "hidden_worlds"}
    unitless |= {"p_reach_without", "p_reach", "p_reach_se", "p_reach_worst", "effect"}
    unitless |= {"p_reach_ci_low", "p_reach_ci_high"}
    unitless |= {"weight", "without_reach"}
    unitless |= {"rung", "rank_correlation", "reliability", "top_reliability"}
    unitless |= {"corrected_correlation", "shift", "shift_se"}  # of a measure that names it
    unitless |= {"point", "wave", "miss", "worst_miss", "second_worst_miss", "score"}
    for table, columns in COLUMNS.items():
        for field in _schema(table):
            assert field.metadata[b"unit"].decode() == unit_of(field.name)
            if columns[field.name] in {int, float}:
                assert unit_of(field.name) != "1" or field.name in unitless, field.name


def test_files_are_compressed_as_the_design_says(tmp_path: Path) -> None:
    group = pq.read_metadata(write(tmp_path) / "runs.parquet").row_group(0)
    columns = {group.column(k).path_in_schema: group.column(k) for k in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert "BYTE_STREAM_SPLIT" in columns["gini"].encodings
    assert "DELTA_BINARY_PACKED" in columns["gmv_fen"].encodings
    assert [name for name, c in columns.items() if c.has_dictionary_page] == ["policy", "world"]


def test_the_same_years_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    found = years()
    write(tmp_path / "one", found)
    results = Results(tmp_path / "two", CONFIG, seed=7)
    for year in reversed(found):
        results.write_runs([year], segments=True, anchors=True)
    results.write_rows("trials", [{"trial": 0, "policy": "a", "state": "complete", "lever.x": 1}])
    results.finish()
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("name", ["runs.parquet", "trials.parquet", "daily"])
def test_a_crash_in_mid_write_leaves_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write(tmp_path, years(("a", 0)))
    before = files(tmp_path)
    real = Path.replace

    def full(temporary: Path, target: Path) -> Path:
        if name in str(target.relative_to(tmp_path)):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(temporary, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        write(tmp_path, years(("a", 0), ("b", 0)))
    after = files(tmp_path)
    assert "manifest.json" not in after  # what is there is not called complete
    assert not [left for left in after if left.rsplit("/")[-1].startswith(".")]
    assert all(after[left] == before[left] for left in after if left in before)
    assert all(pq.read_table(path) for path in tmp_path.rglob("*.parquet"))


def test_the_manifest_comes_last_and_counts_the_rows(tmp_path: Path) -> None:
    manifest = json.loads((write(tmp_path) / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows_count"] == {
        "anchors": 30,
        "daily": 273,
        "monthly": 9,
        "runs": 3,
        "segments": 273 * 40,
        "trials": 1,
    }


def test_what_another_config_left_is_not_read_with_ours(tmp_path: Path) -> None:
    write(tmp_path, config=CONFIG | {"seed": 8})
    write(tmp_path, years(("c", 0)))
    assert set(read_table(tmp_path, "daily")["policy"].to_pylist()) == {"c"}


def test_what_the_same_config_left_stays_for_a_resumed_study(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, years(("c", 0)))
    assert len(set(read_table(tmp_path, "daily")["policy"].to_pylist())) == 3


def test_a_world_may_start_on_its_own_day(tmp_path: Path) -> None:
    write(tmp_path, [simulate_fake(small_case(world="late"))])
    assert read_table(tmp_path, "daily")["date"][0].as_py() == date(2020, 2, 1)


def test_levers_become_typed_columns_after_the_fixed_ones(tmp_path: Path) -> None:
    fixed = {"policy": "a", "state": "complete"}
    rows = [
        {"trial": 0, **fixed, "lever.rate": 0, "binding": None, "feasible": True},
        {"trial": 1, **fixed, "lever.rate": 0.5, "binding": "budget"},
    ]
    Results(tmp_path, CONFIG, 7).write_rows("trials", rows)
    table = read_table(tmp_path, "trials")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert list(kinds)[:3] == ["trial", "policy", "state"]
    assert kinds["lever.rate"] == "double"
    assert kinds["binding"] == "string"
    assert table["feasible"].to_pylist() == [True, None]


def test_a_row_without_a_fixed_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="state"):
        Results(tmp_path, CONFIG, 7).write_rows("trials", [{"trial": 0, "policy": "a"}])


def test_a_fixed_table_takes_no_further_columns(tmp_path: Path) -> None:
    row = dict.fromkeys(COLUMNS["comparison"]) | {"mood": 1}
    with pytest.raises(KeyError, match="mood"):
        Results(tmp_path, CONFIG, 7).write_rows("comparison", [row])


def test_the_hash_is_of_values_and_not_of_spelling() -> None:
    dated = {"rate": {date(2020, 6, 1): 0.5}, "knots": (1, 2)}
    spelt = {"knots": [1.0, 2.0], "rate": {"2020-06-01": 0.5}}
    assert config_hash(dated) == config_hash(spelt)
    assert config_hash(dated) != config_hash(dated | {"knots": (1, 3)})
    empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert config_hash({}) == empty  # SHA-256 of "{}"


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/out: cannot be made[\s\S]*remedy") as refused:
        open_folder(tmp_path / "file" / "out").check_writable()
    assert refused.value.status == 1


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    open_folder(tmp_path / "deep" / "out").check_writable()
    assert list((tmp_path / "deep" / "out").iterdir()) == []


def test_a_pyarrow_address_may_be_the_target(tmp_path: Path) -> None:
    results = Results(f"file://{tmp_path}/out", CONFIG, 7)
    results.write_runs(years(("a", 0)))
    results.finish()
    assert list_tables(f"file://{tmp_path}/out") == ["runs", "daily", "monthly"]


def test_an_object_store_gets_each_file_in_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    from engine.results import storage

    store = SubTreeFileSystem(str(tmp_path), LocalFileSystem())
    monkeypatch.setattr(storage, "FileSystem", FakeFactory(store))
    results = Results("s3://bucket/run", CONFIG, 7)
    results.write_runs(years(("a", 0)))
    results.finish()
    assert "manifest.json" in files(tmp_path / "bucket" / "run")
    assert read_table("s3://bucket/run", "runs").num_rows == 1


class FakeFactory:
    """Answers `FileSystem.from_uri` with a store that is not a local disk to the code."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def from_uri(self, _: str) -> tuple[Any, str]:
        return self._store, "bucket/run"


def test_an_unknown_kind_of_address_is_the_users_mistake() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        Results("carrier-pigeon://loft/run", CONFIG, 7)


def test_a_missing_table_is_named_with_what_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(StorageError, match=r"no table 'frontier'[\s\S]*runs, daily"):
        read_table(tmp_path, "frontier")


def test_a_truncated_part_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(StorageError, match=r"runs\.parquet: is not a Parquet table"):
        read_table(tmp_path, "runs")


def damage_footer(file: Path) -> None:
    """Spoil what says how the file is made up; its length and the last mark stay."""
    data = file.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    file.write_bytes(data[: -8 - size] + b"\xff" * size + data[-8:])


def test_a_part_with_a_damaged_footer_is_named_as_a_truncated_one(tmp_path: Path) -> None:
    damage_footer(write(tmp_path) / "runs.parquet")
    with pytest.raises(StorageError, match=r"runs\.parquet: is not a Parquet table"):
        read_table(tmp_path, "runs")


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    runs = write(tmp_path) / "runs.parquet"
    runs.unlink()
    runs.mkdir()
    with pytest.raises(StorageError, match=r"runs\.parquet") as refused:
        read_table(tmp_path, "runs")
    assert "is not a Parquet table" not in str(refused.value)


def test_what_is_damaged_among_the_results_stays_until_it_is_written_anew(tmp_path: Path) -> None:
    write(tmp_path, config=CONFIG | {"seed": 8})
    stale = next((tmp_path / "daily").iterdir()).rename(tmp_path / "daily" / "run,stale.parquet")
    damage_footer(stale)
    damage_footer(tmp_path / "runs.parquet")
    write(tmp_path)
    assert stale.exists()
    assert read_table(tmp_path, "runs").num_rows == 3


def test_a_run_with_a_damaged_part_counts_as_not_finished(tmp_path: Path) -> None:
    (done,) = years(("a", 0))
    write(tmp_path, [done])
    RunCheckpoint(tmp_path, "job").add(done, details=True)
    assert RunCheckpoint(tmp_path, "job").get(done.labels) is not None
    damage_footer(tmp_path / "daily" / part_name(done.labels))
    assert RunCheckpoint(tmp_path, "job").get(done.labels) is None


def test_a_table_of_another_version_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    runs = write(tmp_path) / "runs.parquet"
    pl.read_parquet(runs).drop("gmv_fen", "wall_s").write_parquet(runs)
    with pytest.raises(StorageError, match=r"'runs' has no column 'gmv_fen', 'wall_s'[\s\S]*again"):
        read_table(tmp_path, "runs")


def test_only_what_this_package_left_is_removed(tmp_path: Path) -> None:
    write(tmp_path, config=CONFIG | {"seed": 8})
    stale = tmp_path / "daily" / "run,stale.parquet"
    stale.write_bytes(next((tmp_path / "daily").iterdir()).read_bytes())
    foreign = tmp_path / "segments" / "mine.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(foreign)
    write(tmp_path)
    assert not stale.exists()
    assert foreign.exists()


def test_a_manifest_of_others_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("mine")
    Results(tmp_path, CONFIG, seed=7)
    assert (tmp_path / "manifest.json").read_text() == "mine"


def test_a_folder_is_complete_for_its_own_config_alone(tmp_path: Path) -> None:
    assert not is_complete(tmp_path, CONFIG)
    write(tmp_path)
    assert is_complete(tmp_path, CONFIG)
    assert not is_complete(tmp_path, CONFIG | {"seed": 8})

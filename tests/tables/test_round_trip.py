"""A drawn world that is written out and read back is the same world, to the bit."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.spec.tables import TABLE_NAMES
from engine.tables import files
from engine.tables.files import TableFiles
from engine.tables.schemas import schemas_of
from tests.kinds import CATEGORIES, KINDS
from tests.tables.worlds import (
    all_given,
    as_csv,
    export,
    first_morning,
    job,
    rewritten,
    same_first_morning,
    same_results,
    todo,
    world_arrays,
)

DERIVED = {"stands_for_count", "engaged_weight", "arrives_day"}
"""Of an own anchor these are not drawn: it is one, there from the first day."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return export(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_each_table_alone_gives_the_world_that_was_drawn(world, name):
    (drawn,), (read,) = (
        todo("replications=1", *words) for words in ((), (f"tables.{name}={world}/{name}.parquet",))
    )
    assert same_first_morning(drawn, read)


@pytest.mark.parametrize("replications", [1, 3])
def test_a_whole_run_gives_the_same_bits_in_every_table(world, replications):
    words = (f"replications={replications}", "populations_count=1")
    drawn, read = todo(*words), todo(*words, f"tables.folder={world}")
    assert len(drawn) == replications
    for one, other in zip(drawn, read, strict=True):
        assert other.tables.named().keys() == set(TABLE_NAMES)
        same_results(one, other)


def test_csv_and_a_folder_of_files_give_the_same_bits(world, tmp_path):
    words = all_given(world, "buyers", "anchors", "goods", "season")
    for name in ("anchors", "goods", "season"):
        words.append(f"tables.{name}={as_csv(world, name)}")
    buyers = pq.read_table(world / "buyers.parquet")
    folder = tmp_path / "buyers"
    folder.mkdir()
    for part, first in enumerate(range(0, 400, 150)):
        pq.write_table(buyers.slice(first, 150), folder / f"part-{part}.parquet")
    (drawn,), (read,) = (
        todo("replications=1", *own) for own in ((), (*words, f"tables.buyers={folder}"))
    )
    assert same_first_morning(drawn, read)


OPTIONAL = [
    (schema.name, column.name)
    for schema in schemas_of((tuple(KINDS), CATEGORIES)).values()
    for column in schema.columns
    if not column.is_required and not column.is_nullable and column.name not in DERIVED
    if schema.name not in {"events", "season"} and column.name not in {"joined", "place"}
]


def without(world: Path, name: str, columns: list[str]) -> bool:
    """Whether the world is the same when some columns of a table are drawn."""
    assert set(columns) <= set(pq.read_schema(world / f"{name}.parquet").names)
    path = rewritten(world, name, lambda table: table.drop_columns(columns))
    given = (*all_given(world, name), f"tables.{name}={path}")
    (drawn,), (read,) = (todo("replications=1", *words) for words in ((), given))
    return same_first_morning(drawn, read)


@pytest.mark.parametrize("name", ["anchors", "suppliers", "goods", "buyers", "follows"])
def test_columns_that_are_left_out_are_drawn_as_before(world, name):
    left_out = [column for table, column in OPTIONAL if table == name]
    assert without(world, name, left_out[::2])
    assert without(world, name, left_out[1::2])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "column"), OPTIONAL)
def test_each_column_that_is_left_out_is_drawn_as_before(world, name, column):
    assert without(world, name, [column])


def test_only_what_is_given_is_the_same_in_another_population(world):
    here = f"tables.anchors={world}/anchors.parquet"
    (one,), (other,) = (todo("replications=1", here, f"world_seed={seed}") for seed in (1, 2))
    a, b = world_arrays(one), world_arrays(other)
    guests = a["anchors.guests_from"]
    assert (a["anchors.charisma"][:guests] == b["anchors.charisma"][:guests]).all()
    assert (a["suppliers.threshold"] != b["suppliers.threshold"]).any()


def test_buyers_and_follows_are_read_in_batches(world, monkeypatch):
    seen = []
    whole = TableFiles.batches

    def watched(*args):
        for batch in whole(*args):
            seen.append(max(len(column) for column in batch.columns.values()))
            yield batch

    monkeypatch.setattr(files, "_BATCH_ROWS", 50)
    monkeypatch.setattr(TableFiles, "batches", watched)
    words = [f"tables.{name}={world}/{name}.parquet" for name in ("buyers", "follows")]
    (drawn,), (read,) = (todo("replications=1", *own) for own in ((), words))
    assert same_first_morning(drawn, read)
    assert len(seen) > 3 * 400 // 50
    assert max(seen) <= 50


def test_a_share_of_the_buyers_is_spread_evenly_over_the_table(world):
    words = [f"tables.{name}={world}/{name}.parquet" for name in ("buyers", "follows")]
    whole, half = job(*words), job(*words, "tables.buyers_share=0.5")
    assert (whole.scale.buyers_count, half.scale.buyers_count) == (400, 200)
    every, some = (first_morning(todo(*words, *more)[0]).buyers for more in
                   ((), ("tables.buyers_share=0.5",)))  # fmt: skip
    assert (some.person == every.person[::2]).all()
    assert (some.habit == every.habit[::2]).all()


def test_a_search_keeps_all_own_anchors_on_its_small_rungs(world):
    drawn, own = job(), job(f"tables.anchors={world}/anchors.parquet")
    assert drawn.sampled_scale(0.5, 0.5).anchors_count == 30
    assert own.sampled_scale(0.5, 0.5).anchors_count == 60
    assert own.sampled_scale(0.5, 0.5).buyers_count == 200


def test_folders_may_say_what_a_column_is(tmp_path):
    for kind, name in (("domestic", "a"), ("source", "b")):
        folder = tmp_path / "suppliers" / f"kind={kind}"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(f"supplier_id\n{name}1\n{name}2\n{name}3\n")
    (one,) = todo("replications=1", f"tables.suppliers={tmp_path / 'suppliers'}")
    kinds = world_arrays(one)["suppliers.kind"][:6]
    assert [[*KINDS][kind] for kind in kinds] == ["domestic"] * 3 + ["source"] * 3


def test_who_has_joined_is_as_it_is_told(tmp_path):
    rows = [f"s{k},domestic,{str(k % 2 == 0).lower()}" for k in range(20)]
    (tmp_path / "s.csv").write_text("\n".join(["supplier_id,kind,joined", *rows]))
    (one,) = todo("replications=1", f"tables.suppliers={tmp_path / 's.csv'}")
    world = world_arrays(one)
    joined = world["suppliers.hazard"][:20] >= world["suppliers.threshold"][:20]
    assert joined.tolist() == [k % 2 == 0 for k in range(20)]


def test_an_anchor_of_a_table_is_one_with_a_family_and_goods_of_its_own(tmp_path):
    (tmp_path / "a.csv").write_text(
        "anchor_id,fans_count,family,own_supplier_id\nz,5,,7\ny,100,north,\nx,50,north,3\n"
    )
    (one,) = todo("replications=1", f"tables.anchors={tmp_path / 'a.csv'}")
    world = world_arrays(one)
    assert world["anchors.fans"][:3].tolist() == [100, 50, 5]
    assert world["anchors.stands_for"][:3].tolist() == [1, 1, 1]
    assert world["anchors.family"][:3].tolist() == [0, 0, -1]
    assert world["anchors.members"].tolist() == [[0, 1]]
    assert world["anchors.own_supplier"][:3].tolist() == [-1, 3, 7]

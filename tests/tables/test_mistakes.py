"""A table that cannot be is refused in one message: file, row, column, value, what is allowed."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from tests.tables.worlds import all_given, export, job, rewritten
from tests.worlds import job as kept_job


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return export(tmp_path_factory.mktemp("world"))


SUPPLIERS = "supplier_id,kind\n" + "".join(f"s{k},source\n" for k in range(6))
GOODS = "good_id,supplier_id\n" + "".join(f"g{k},s{k}\n" for k in range(6))
ANCHORS = "anchor_id,fans_count\na,10\nb,20\nc,5\n"
BUYERS = "buyer_id\n7\n8\n9\n"
FOLLOWS = "buyer_id,anchor_id\n7,a\n8,b\n"
FINE = {
    "suppliers": SUPPLIERS,
    "goods": GOODS,
    "anchors": ANCHORS,
    "buyers": BUYERS,
    "follows": FOLLOWS,
}

CELLS = [
    # table, its text, what the message says beside the file
    ("anchors", "anchor_id,fans_count\na,10\nb,-2\n", ["row 2, column fans_count", "'-2'",
                                                      "at least 0"]),
    ("anchors", "anchor_id,fans_count\na,ten\n", ["row 1, column fans_count", "'ten'", "a number"]),
    ("anchors", "anchor_id,fans_count\na,\n", ["row 1, column fans_count", "is empty"]),
    ("anchors", "anchor_id,fans_count\na,nan\n", ["row 1, column fans_count", "'nan'"]),
    ("anchors", "anchor_id,fans_count\na,inf\n", ["row 1, column fans_count", "'inf'"]),
    ("anchors", "anchor_id,fans_count\na,1\nb,2\na,3\n", ["row 3, column anchor_id", "'a'",
                                                          "stands in row 1 already"]),
    ("anchors", "anchor_id,fans_count\na,0\nb,0\n", ["fans_count", "is 0 in every row"]),
    ("anchors", "anchor_id\na\n", ["has no column fans_count", "fans on the first day"]),
    ("anchors", "anchor_id,fan_count\na,3\n", ["'fan_count' is no column",
                                                "did you mean fans_count?"]),
    ("anchors", "anchor_id,fans_count\n", ["has 0 rows", "give at least one"]),
    ("anchors", "anchor_id,fans_count,tier\na,1,haed\n", ["row 1, column tier", "'haed'",
                                                           "head, waist, tail"]),
    ("anchors", "anchor_id,fans_count,arrives_day\na,9,0\nb,1,3\n",
     ["row 2, column fans_count", "begins later"]),
    ("anchors", "anchor_id,fans_count,own_supplier_id\na,9,nobody\n",
     ["row 1, column own_supplier_id", "'nobody' is none of the 6 suppliers"]),
    ("anchors", "anchor_id,fans_count,stands_for_count\na,9,1.5\n",
     ["row 1, column stands_for_count", "'1.5'", "a whole number"]),
    ("anchors", "anchor_id,fans_count,live_probability\na,9,1.01\n",
     ["row 1, column live_probability", "at most 1"]),
    ("anchors", "anchor_id,fans_count,is_brand\na,9,maybe\n", ["row 1, column is_brand", "'maybe'",
                                                               "true or false"]),
    ("anchors", "anchor_id,fans_count\na,9\nb,9,9\n", ["Expected 2 columns, got 3"]),
    ("suppliers", "supplier_id,kind\ns0,bank\n", ["row 1, column kind", "'bank'", "source"]),
    ("suppliers", "supplier_id,kind,joined,adoption_threshold\ns0,source,true,1\n",
     ["joined", "adoption_threshold"]),
    ("goods", "good_id,supplier_id\ng0,s9\n", ["row 1, column supplier_id",
                                               "'s9' is none of the 6 suppliers"]),
    ("goods", "good_id,supplier_id\ng0,s1\n", ["the supplier 's0' has no goods", "4 others"]),
    ("goods", "good_id,supplier_id,cost_fen\ng0,s0,0\n", ["row 1, column cost_fen", "at least 1"]),
    ("goods", "good_id,supplier_id,price_elsewhere_fen\ng0,s0,99999999999\n",
     ["row 1, column price_elsewhere_fen", "at most 2,000,000,000"]),
    ("buyers", "buyer_id\n7\n7\n8\n", ["row 2, column buyer_id", "stands in row 1 already"]),
    ("buyers", "buyer_id\nx7\n", ["row 1, column buyer_id", "'x7'", "a whole number"]),
    ("buyers", "buyer_id,tier\n7,tier9\n8,tier3\n9,tier3\n", ["row 1, column tier", "'tier9'"]),
    ("buyers", "buyer_id,last_food_days\n7,5\n8,0\n9,5\n", ["row 2, column last_food_days", "'0'"]),
    ("follows", "buyer_id,anchor_id\n7,a\n8,z\n", ["row 2, column anchor_id",
                                                   "'z' is none of the anchors"]),
    ("follows", "buyer_id,anchor_id\n7,a\n6,a\n", ["row 2, column buyer_id",
                                                   "'6' is none of the buyers"]),
    ("follows", "buyer_id,anchor_id\n7,a\n8,a\n7,a\n", ["row 3", "buyer '7', anchor 'a'",
                                                        "follows this anchor already"]),
    ("follows", "buyer_id,anchor_id,place\n7,a,1\n7,b,1\n", ["row 2", "place", "taken"]),
    ("follows", "buyer_id,anchor_id,affinity_share\n7,a,1.2\n",
     ["row 1, column affinity_share", "'1.2'"]),
    ("events", "name,kind,start,end,traffic,attention\nx,festival,2020-02-30,2020-03-01,1.1,1\n",
     ["row 1, column start", "'2020-02-30'"]),
    ("events", "name,kind,start,end,traffic,attention,plan\nx,festival,03-02,2020-03-01,1,1,1\n",
     ["row 1", "one end with a year"]),
    ("events", "name,kind,start,end,pull\nx,festival,03-02,03-03,1\n",
     ["row 1, column pull", "for a festival"]),
    ("events", "name,kind,start,end,pull\nx,campaign,03-02,03-03,\n", ["row 1, column pull"]),
    ("season", "date,season_factor\n2020-01-01,1\n2020-01-01,2\n", ["row 2, column date",
                                                                   "earlier row"]),
    ("season", "date,season_factor\n1.1.2020,1\n", ["row 1, column date", "'1.1.2020'"]),
    ("season", "date,season_factor\n2020-01-01,0\n", ["row 1, column season_factor", "above 0"]),
]  # fmt: skip


def put(folder: Path, **texts: str) -> list[str]:
    """Write tables as CSV; return the overrides that give them."""
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return [f"tables.{name}={folder / name}.csv" for name in texts]


@pytest.mark.parametrize(("name", "text", "words"), CELLS)
def test_the_cell_that_cannot_be_is_named(tmp_path, name, text, words):
    given = put(tmp_path, **(FINE | {name: text}))
    with pytest.raises(InputError) as refused:
        job(*given)
    message = str(refused.value)
    assert f"tables.{name}" in message
    assert f"{name}.csv" in message or name == "goods"
    for word in words:
        assert word in message


def test_those_tables_are_fine_otherwise(tmp_path):
    found = job(*put(tmp_path, **FINE))
    counts = found.scale.buyers_count, found.scale.anchors_count, found.scale.suppliers_count
    assert counts == (3, 3, 6)
    assert found.tables.follows is not None
    assert found.tables.follows.rows_count == 2


def test_nobody_follows_more_than_eight(tmp_path):
    anchors = "anchor_id,fans_count\n" + "".join(f"a{k},{k + 1}\n" for k in range(9))
    follows = "buyer_id,anchor_id\n" + "".join(f"7,a{k}\n" for k in range(9))
    given = put(tmp_path, **(FINE | {"anchors": anchors, "follows": follows}))
    with pytest.raises(InputError, match=r"row 9: buyer '7', anchor 'a8'.*eight anchors already"):
        job(*given)


def test_what_is_drawn_is_named_by_its_numbers(world, tmp_path):
    given = put(tmp_path, follows="buyer_id,anchor_id\n0,0\n399,59\n")
    assert job(*given).tables.follows is not None
    for row in ("400,0", "0,60", "0,abc"):
        with pytest.raises(InputError, match="row 1, column"):
            job(*put(tmp_path, follows=f"buyer_id,anchor_id\n{row}\n"))


def test_a_text_in_a_column_of_numbers_of_parquet_is_a_wrong_type(world):
    def texts(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("fans_count")
        return table.set_column(place, "fans_count", table["fans_count"].cast(pa.string()))

    path = rewritten(world, "anchors", texts)
    with pytest.raises(InputError, match="column fans_count: holds string") as refused:
        job(f"tables.anchors={path}")
    assert "a number, at least 0" in str(refused.value)


def test_the_row_is_that_of_its_own_file(world, tmp_path):
    buyers = pq.read_table(world / "buyers.parquet")
    folder = tmp_path / "buyers"
    folder.mkdir()
    pq.write_table(buyers.slice(0, 300), folder / "a.parquet")
    twice = pa.concat_tables([buyers.slice(300, 9), buyers.slice(5, 1)])
    pq.write_table(twice, folder / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet, row 10, column buyer_id"):
        job(f"tables.buyers={folder}")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("tables.anchors=nowhere.csv", "there is no such file or folder"),
        ("tables.anchors=mem://x", "mem"),
        ("tables.anchors=5", "5 is no address"),
        ("tables.anchors=''", "'' is no address"),
        ("tables.folder=nowhere", "nowhere"),
        ("tables.buyers_share=0", "buyers_share"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(given, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        kept_job("scale=smoke", given)


def test_damaged_and_mixed_files_are_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 is not all of it")
    with pytest.raises(InputError, match=r"a\.parquet"):
        job(f"tables.anchors={tmp_path / 'a.parquet'}")
    (tmp_path / "b.csv").write_text(ANCHORS)
    with pytest.raises(InputError, match="csv, parquet, not of one format"):
        job(f"tables.anchors={tmp_path}")
    (tmp_path / "notes").mkdir()
    with pytest.raises(InputError, match="holds no files"):
        job(f"tables.anchors={tmp_path / 'notes'}")
    with pytest.raises(InputError, match="holds no table"):
        job(f"tables.folder={tmp_path / 'notes'}")


def test_a_table_that_changes_under_way_is_refused(tmp_path):
    from engine.tables import read_given

    asked = job(*put(tmp_path, anchors=ANCHORS))
    put(tmp_path, anchors=ANCHORS.replace("20", "21"))
    with pytest.raises(InputError, match="is not what it was when the command began"):
        read_given(asked.tables, asked.scale, asked.scenario.vocabulary)


def test_what_names_a_job_is_the_content_of_its_tables(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    one = job(*put(here, anchors=ANCHORS)).identity()
    assert job(*put(there, anchors=ANCHORS)).identity() == one
    assert job().identity() != one
    assert job(*put(here, anchors=ANCHORS.replace("20", "21"))).identity() != one


def test_a_past_belongs_to_its_tables(tmp_path):
    from engine.market.run import _KeptPasts, _Past
    from tests.tables.worlds import opened, todo

    kept, made = _KeptPasts(), []
    for anchors in (ANCHORS, ANCHORS.replace("20", "21"), ANCHORS):
        words = put(tmp_path, anchors=anchors)
        (case,) = todo("replications=1", "policy@history=h1_2020", *words)

        def past(case=case):
            made.append(case)
            return _Past(*opened(case), None)

        kept.of(case, past)
    assert len(made) == 2


def test_typed_counts_that_say_otherwise_are_refused(tmp_path, type_in):
    words = put(tmp_path, **FINE)
    ended = type_in("simulate", *words, "scale.anchors_count=4")
    assert ended.status == 2
    assert "scale.anchors_count: 4 were asked for, and tables.anchors has 3 rows" in ended.err
    ended = type_in("simulate", *words, "scale.buyers_count=2")
    assert "tables.buyers_share" in ended.err


def test_a_mistake_in_a_table_ends_a_command_and_leaves_nothing(place, type_in):
    words = put(place, **(FINE | {"goods": "good_id,supplier_id\ng0,s9\n"}))
    for command in ("simulate", "compare", "optimize"):
        ended = type_in(command, "scale=smoke", *words)
        assert ended.status == 2, ended.err
        assert "goods.csv, row 1, column supplier_id: 's9' is none of the 6" in ended.err
        assert "Traceback" not in ended.err
        assert {name for name in ended.files if not name.endswith(".csv")} == set()


def test_a_benchmark_draws_its_markets(tmp_path, type_in):
    ended = type_in("benchmark", *put(tmp_path, anchors=ANCHORS))
    assert ended.status == 2
    assert "tables.anchors: a benchmark draws markets of several sizes" in ended.err


def test_an_export_writes_over_nothing(place, type_in):
    (place / "world").mkdir()
    (place / "world" / "mine.txt").write_text("mine")
    ended = type_in("simulate", "scale=smoke", "export=world")
    assert ended.status == 2
    assert "export: world holds mine.txt" in ended.err
    assert ended.files == {"world/mine.txt"}


def test_all_tables_together_are_looked_at_only_once(world, monkeypatch):
    from engine.tables import checked

    monkeypatch.setattr(checked, "_CHECKED", {})
    seen = []
    whole = checked._check
    monkeypatch.setattr(checked, "_check", lambda *args: seen.append(1) or whole(*args))
    for _ in range(2):
        job(*all_given(world))
    assert seen == [1]

"""Schemas are written down once: the description and the export follow them."""

import pyarrow.parquet as pq
import pytest

from engine.describe import with_generated_blocks
from engine.spec.tables import TABLE_NAMES, WORLD_TABLES
from engine.tables.schemas import schemas_of
from tests.kinds import CATEGORIES, KINDS
from tests.tables.worlds import export
from tests.update_model import FILES, ROOT

NOT_WRITTEN = {"joined"}
"""What an export says by other columns."""
SCHEMAS = schemas_of((tuple(KINDS), CATEGORIES))


def test_the_description_is_made_of_the_schemas():
    text = FILES[1].read_text(encoding="utf-8")
    assert with_generated_blocks(text, ROOT) == text
    for name in TABLE_NAMES:
        assert f"own_table {name} -->" in text


def test_there_is_a_schema_for_every_table_that_can_be_named():
    assert set(TABLE_NAMES) <= set(SCHEMAS)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_column_says_what_it_is_and_in_which_unit(schema):
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names)
    assert not schema.key or schema.key in names
    for column in schema.columns:
        assert column.doc
        assert column.unit or column.kind in {"id", "word", "text", "truth", "date", "whole"}
        assert not column.references or column.references in WORLD_TABLES
        assert (column.kind == "word") == bool(column.words)


def test_an_export_has_every_column_with_its_meaning(tmp_path):
    folder = export(tmp_path)
    for name in TABLE_NAMES:
        found = pq.read_schema(folder / f"{name}.parquet")
        wanted = [column for column in SCHEMAS[name].columns if column.name not in NOT_WRITTEN]
        assert found.names == [column.name for column in wanted], name
        for column in wanted:
            about = found.field(column.name).metadata
            assert about[b"description"] == column.doc.encode()
            assert about[b"unit"] == column.unit.encode()

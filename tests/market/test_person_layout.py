"""The buyers' record is laid out from the number of categories and kinds."""

from itertools import combinations

import numpy as np
import pytest

from engine.population.buyers import (
    _CACHE_LINE,
    Buyers,
    _check_layout,
    _person_record,
    cache_lines,
)
from engine.population.draw_buyers import _bought_draw


def bytes_of(record: np.dtype, name: str) -> set[int]:
    field, offset = record.fields[name][:2]
    return set(range(offset, offset + field.itemsize))


@pytest.mark.parametrize(("categories", "kinds"), [(1, 1), (6, 5), (7, 5), (6, 6), (7, 6)])
def test_fields_fit_into_a_cache_line_and_share_no_byte(categories: int, kinds: int) -> None:
    record = _person_record(categories, kinds)
    assert record.itemsize == _CACHE_LINE
    assert Buyers.new(1, record).bytes_each <= 72
    assert record["bought"].shape == (categories,)
    assert record["trust"].shape == (kinds,)
    own = [name for name in record.names if name != "affinity_words"]
    for one, other in combinations(own, 2):
        assert not bytes_of(record, one) & bytes_of(record, other), (one, other)
    assert bytes_of(record, "affinity_words") == bytes_of(record, "affinities")
    assert max(max(bytes_of(record, name)) for name in own) < _CACHE_LINE


@pytest.mark.parametrize(("categories", "kinds"), [(6, 5), (7, 6)])
def test_every_field_is_aligned(categories: int, kinds: int) -> None:
    record = _person_record(categories, kinds)
    for name in record.names:
        field, offset = record.fields[name][:2]
        assert offset % field.base.alignment == 0, name


@pytest.mark.parametrize(
    ("categories", "kinds", "lines"), [(6, 9, 1), (8, 6, 2), (6, 20, 2), (40, 20, 3)]
)
def test_many_words_take_whole_cache_lines(categories: int, kinds: int, lines: int) -> None:
    record = _person_record(categories, kinds)
    assert record.itemsize == lines * _CACHE_LINE
    people = cache_lines(3, record)
    people["trust"][1], people["bought"][1] = 7, 9
    assert people.ctypes.data % _CACHE_LINE == 0
    assert not people["trust"][[0, 2]].any()
    assert not people["bought"][[0, 2]].any()
    assert not people["affinities"].any()
    assert Buyers.new(3, record).aligned_copy().bytes_each == record.itemsize + 7


@pytest.mark.parametrize(
    ("formats", "offsets", "message"),
    [
        (["<u2", "<u2"], [0, 1], "out of place"),
        (["<u2", "u1"], [0, 1], "share byte 1"),
    ],
)
def test_a_bad_layout_is_refused(formats: list[str], offsets: list[int], message: str) -> None:
    record = {"names": ["a", "b"], "formats": formats, "offsets": offsets, "itemsize": 10}
    with pytest.raises(ValueError, match=message):
        _check_layout(np.dtype(record))


def test_the_draws_of_a_buyers_history_never_coincide() -> None:
    draws = [_bought_draw.py_func(category) for category in range(40)]
    assert draws[:6] == [2, 3, 4, 5, 6, 7]
    assert len(set(draws)) == 40  # the most categories
    assert not {0, 1, 8, 63} & set(draws)  # habit, arrival and wallet

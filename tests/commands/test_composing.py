"""What a command reads and composes: once, and always what the files now say."""

from pathlib import Path

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl

from engine.results import read_table
from tests import fakes

SMALL = ("scale=smoke", "ray.backend=process", "replications=1")


@pytest.fixture
def composed(market_of, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The overrides of every composition, on the fake market."""
    market_of(fakes.simulate_fake)
    found: list[list[str]] = []
    load = ConfigLoaderImpl.load_configuration

    def counted(self, config_name, overrides, *more, **named):
        found.append(list(overrides))
        return load(self, config_name, overrides, *more, **named)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    return found


def test_a_command_composes_its_config_once(type_in, composed: list[list[str]]) -> None:
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
    assert len(composed) == 1


@pytest.mark.parametrize("word", ["hydra.mode=MULTIRUN", "++hydra.mode=MULTIRUN"])
def test_a_mode_that_is_typed_counts(type_in, place: Path, composed, word: str) -> None:
    ended = type_in("simulate", *SMALL, "seed=1,2", word, "hydra.sweep.dir=out")
    assert ended.status == 0, ended.err
    assert read_table(place / "out", "sweep").num_rows == 2


def test_a_file_that_was_changed_is_read_anew(type_in, place: Path, composed) -> None:
    (place / "mine" / "policy").mkdir(parents=True)
    budgets = []
    for budget in (20, 30):
        text = f"defaults: [h1_2020, _self_]\nname: own\nsubsidy:\n  budget_bn_rmb: {budget}\n"
        (place / "mine" / "policy" / "own.yaml").write_text(text)
        words = ("--config-dir", "mine", "policy=own", f"hydra.run.dir=out-{budget}")
        ended = type_in("simulate", *SMALL, *words)
        assert ended.status == 0, ended.err
        budgets += read_table(place / f"out-{budget}", "runs")["budget_fen"].to_pylist()
    assert budgets == [20 * 10**11, 30 * 10**11]


def test_what_is_merged_into_a_file_does_not_stay_in_it(type_in, place: Path, composed) -> None:
    budget = "policy.subsidy.budget_bn_rmb=77"
    assert type_in("simulate", *SMALL, budget, "hydra.run.dir=one").status == 0
    assert type_in("simulate", *SMALL, "hydra.run.dir=two").status == 0
    one, two = (
        read_table(place / name, "runs")["budget_fen"].to_pylist() for name in ("one", "two")
    )
    assert one == [77 * 10**11]
    assert two != one

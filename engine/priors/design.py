"""What utility is made of: brand constants, price, promotion, and the last brand bought."""

from typing import NamedTuple

import numpy as np

from engine.priors.panels import Floats, Ints, Panel, first_of_household


class Design(NamedTuple):
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

    def place(self, name: str) -> int:
        """Return the place of a coefficient."""
        return self.names.index(name)

    def constants(self) -> tuple[int, ...]:
        """Return the places of the brands' constants."""
        return tuple(k for k, name in enumerate(self.names) if name.startswith("constant "))


def design(panel: Panel, *, last: bool) -> Design:
    """Lay out utility: a constant per brand but the first, price, promotion, the last brand.

    V_nj = a_j + b_price p_nj / p̄ + b_disp disp_nj + b_feat feat_nj + b_last [j bought last]

    with p̄ the mean over all purchases and brands, bought or not. A household's first
    purchase has no last brand: there the variable is 0 for all.

    Parameters
    ----------
    last : whether the last brand bought is in utility.
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
    return Design(tuple(columns), variables, panel.chosen, panel.household)


def _bought_last(panel: Panel) -> Floats:
    """Mark the brand of the household's purchase before; shape (N, J)."""
    marked = np.zeros((panel.chosen.size, len(panel.brands)))
    later = np.flatnonzero(~first_of_household(panel.household))
    marked[later, panel.chosen[later - 1]] = 1.0
    return marked

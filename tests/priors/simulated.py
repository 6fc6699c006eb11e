"""Panels whose parameters are known, because they were made from them."""

import numpy as np

from engine.priors.figures import _choice_data, _Panel
from engine.priors.logit import ChoiceData

TRUE = {
    "constant b": 0.8,
    "constant c": -0.5,
    "price": 1.1,
    "feat": 0.7,
    "last_brand": 0.9,
    "constant b spread": 1.2,
    "constant c spread": 0.7,
    "price spread": 0.6,
}


def simulated_panel(households: int, purchases: int, seed: int, *, mixed: bool = True) -> _Panel:
    """Draw choices purchase by purchase, so that the last brand is what was truly bought."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((households, 3)) * mixed
    names = ("constant b", "constant c", "price")
    own = {name: TRUE[name] + TRUE[f"{name} spread"] * z[:, k] for k, name in enumerate(names)}
    price = rng.uniform(0.6, 1.4, (households, purchases, 3))
    price /= price.mean()
    feat = (rng.random((households, purchases, 3)) < 0.2).astype(float)
    chosen = np.empty((households, purchases), dtype=np.int64)
    for t in range(purchases):
        v = -np.exp(own["price"])[:, None] * price[:, t] + TRUE["feat"] * feat[:, t]
        v[:, 1] += own["constant b"]
        v[:, 2] += own["constant c"]
        if t:
            v[np.arange(households), chosen[:, t - 1]] += TRUE["last_brand"]
        chosen[:, t] = (v + rng.gumbel(size=v.shape)).argmax(axis=1)
    return _Panel(
        ("a", "b", "c"),
        np.repeat(np.arange(households), purchases),
        chosen.ravel(),
        {"price": 5 * price.reshape(-1, 3), "feat": feat.reshape(-1, 3)},
    )


def simulated_design(
    households: int, purchases: int, seed: int, *, mixed: bool = True
) -> ChoiceData:
    return _choice_data(simulated_panel(households, purchases, seed, mixed=mixed), last=True)

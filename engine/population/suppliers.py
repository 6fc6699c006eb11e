"""Suppliers and their goods on the first day."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.population.draws import Floats, categories, normals, uniforms
from engine.population.given import NOTHING, Columns, put
from engine.rng import Purpose
from engine.spec.scenario import Scenario
from engine.units import FEN_PER_RMB


class Suppliers(NamedTuple):
    """One entry per supplier; guests of trial streams come last.

    `threshold` exponential of the adoption hazard; `hazard` accumulated before the first
    day; `exit_threshold` exponential of leaving; draws are fixed uniforms; `capacity` real
    units a day; `plan_threshold` factor.
    """

    kind: NDArray[np.uint8]
    threshold: Floats
    hazard: Floats
    exit_threshold: Floats
    external_draw: Floats
    gate_draw: Floats
    refuse_draw: Floats
    plan_threshold: Floats
    capacity: Floats
    guests_from: int


class Goods(NamedTuple):
    """One entry per good, those of a supplier side by side. Money in fen."""

    supplier: NDArray[np.int32]
    kind: NDArray[np.uint8]
    category: NDArray[np.uint8]
    elsewhere: NDArray[np.int64]
    cost: NDArray[np.int64]
    quality: NDArray[np.float32]
    brand: NDArray[np.float32]
    by_category: NDArray[np.int32]
    category_start: NDArray[np.int64]
    first_good: NDArray[np.int64]


def draw_suppliers(
    scenario: Scenario, count: int, seed: int, given: Columns = NOTHING
) -> Suppliers:
    """Draw `count` suppliers, in fixed shares of the kinds, and the trial streams' guests.

    Columns that are `given`, of the first `count`, are not drawn.
    """
    kinds = scenario.kind_names
    specs = scenario.suppliers.kinds(kinds)
    trials = scenario.calendar.trial_streams
    total = count + len(trials)
    edges = np.cumsum([spec.count_share for spec in specs]) * count
    kind = np.searchsorted(edges, np.arange(count) + 0.5).astype(np.uint8)
    guests = [kinds.index(trial.kind) for trial in trials]
    kind = put(given, "kind", np.concatenate([kind, np.array(guests, np.uint8)]))

    def uniform(draw: int) -> Floats:
        return uniforms(seed, Purpose.SUPPLIER, total, draw)

    def by_kind(values: list[float]) -> Floats:
        return np.array(values)[kind]

    joined = np.clip(by_kind([spec.joined_share for spec in specs]), 0, 1 - 1e-12)
    drawn = Suppliers(
        kind=kind,
        threshold=-np.log1p(-_joining(uniform(0), joined, given)),
        hazard=-np.log1p(-joined),
        exit_threshold=-np.log1p(-uniform(5)),
        external_draw=uniform(1),
        gate_draw=uniform(2),
        refuse_draw=uniform(3),
        plan_threshold=np.exp(0.5 * normals(seed, Purpose.SUPPLIER, total, 4)),
        capacity=by_kind([spec.capacity_units for spec in specs]) * 100 / count,
        guests_from=count,
    )
    own: dict[str, Any] = {name: put(given, name, getattr(drawn, name)) for name in _OWN}
    return drawn._replace(**own)


_OWN = tuple(name for name in Suppliers._fields if name not in {"kind", "guests_from"})
"""Columns that may be given of a supplier, beside its kind."""


def _joining(draws: Floats, joined_share: Floats, given: Columns) -> Floats:
    """Uniforms of the joining thresholds, conditional on who has joined where that is given.

    Of a uniform u and a joined share c: c u for who has joined, c + (1 - c) u for who has not.
    """
    if "joined" not in given:
        return draws
    own = given["joined"]
    u, share = draws[: own.size], joined_share[: own.size]
    conditional = np.where(own, share * u, share + (1.0 - share) * u)
    return np.concatenate([conditional, draws[own.size :]])


def draw_goods(
    scenario: Scenario, suppliers: Suppliers, showcase: int, seed: int, given: Columns = NOTHING
) -> Goods:
    """Draw the goods of each supplier; a guest brings as many as a showcase holds.

    Columns that are `given` are not drawn; the first of them is `supplier`, which rises.
    """
    spec = scenario.suppliers
    trials = scenario.calendar.trial_streams
    per_supplier = np.full(suppliers.kind.size, spec.goods_count)
    if "supplier" in given:
        per_supplier = np.bincount(given["supplier"], minlength=per_supplier.size)
    per_supplier[suppliers.guests_from :] = showcase
    supplier = np.repeat(np.arange(suppliers.kind.size), per_supplier).astype(np.int32)
    total, kind = supplier.size, suppliers.kind[supplier]
    category = categories(
        uniforms(seed, Purpose.GOOD, total, 0),
        scenario.anchors.category_share.of(scenario.categories),
    )
    category = put(given, "category", category)

    def by_kind(name: str) -> Floats:
        return np.array([getattr(one, name) for one in spec.kinds(scenario.kind_names)])[kind]

    price = by_kind("price_rmb") * np.array(spec.category_price.of(scenario.categories))[category]
    cost_share = by_kind("cost_share")
    for number, trial in enumerate(trials):
        own = supplier == suppliers.guests_from + number
        category[own] = scenario.categories.index(trial.category)
        price[own], cost_share[own] = trial.price_rmb, trial.cost_share
    log_sd = spec.price_log_sd
    price *= np.exp(log_sd * normals(seed, Purpose.GOOD, total, 1) - log_sd**2 / 2)
    elsewhere = put(given, "elsewhere", np.maximum(np.round(price * FEN_PER_RMB), 100))
    quality = by_kind("quality") + by_kind("quality_sd") * normals(seed, Purpose.GOOD, total, 2)
    quality -= _late_quality_loss(scenario, suppliers)[supplier]
    order = np.argsort(category, kind="stable").astype(np.int32)
    order = order[supplier[order] < suppliers.guests_from]
    cost = np.maximum(np.round(elsewhere * cost_share), 1).astype(np.int64)
    return Goods(
        supplier=supplier,
        kind=kind,
        category=category,
        elsewhere=elsewhere.astype(np.int64),
        cost=put(given, "cost", cost),
        quality=put(given, "quality", np.clip(quality, 0, 1).astype(np.float32)),
        brand=put(given, "brand", by_kind("brand").astype(np.float32)),
        by_category=order,
        category_start=np.searchsorted(category[order], np.arange(len(scenario.categories) + 1)),
        first_good=np.concatenate([[0], np.cumsum(per_supplier)]),
    )


def _late_quality_loss(scenario: Scenario, suppliers: Suppliers) -> Floats:
    """By how much the goods of who joins late are worse (M3), by supplier.

    Not of the partner's, whose range comes as a whole, nor of guests.
    """
    joined = -np.expm1(-suppliers.hazard)
    quantile = -np.expm1(-suppliers.threshold)
    loss = scenario.suppliers.adverse_selection * np.maximum(0.0, quantile - joined)
    loss[np.array(scenario.kinds_that("comes_with_partner"))[suppliers.kind]] = 0.0
    loss[suppliers.guests_from :] = 0.0
    return np.asarray(loss)

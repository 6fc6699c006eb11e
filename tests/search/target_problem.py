"""A problem whose cheapest cost of every target is known, and its search from end to end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from engine.config import load
from engine.decision.price_table import ConfirmedPolicy, PriceQuestion
from engine.search.aim import Aim
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import Selection
from engine.search.polish.late_entries import LateEntries
from engine.search.polish.stage import polish
from engine.search.problem import Point, Stage
from engine.search.study import SearchStudy
from engine.spec.optimize import OptimizeJob
from engine.spec.search import Search
from engine.stats.reach import held_level
from tests.search.problems import Remembering, Toy, objective_of

CONF = Path(__file__).resolve().parents[2] / "conf"
WORLDS = (222.0, 230.0, 238.0)
"""What worlds sell without any lever, bn RMB."""

MOST, SLOWNESS = (24.0, 16.0, 20.0), (0.25, 0.4, 0.6)
"""a_i bn RMB and b_i of the levers x0, x1 and x2."""

PRICE, STEEPNESS = (6.0, 4.0, 5.0), (6.0, 8.0, 3.0)
"""Linear and quadratic cost of the same, bn RMB."""

PULL, PULL_PRICE, WASTE = 0.5, 2.5, 8.0
"""By what share x3 strengthens x0, what it costs, and what x4 costs for nothing."""

TODAY = {"x0": 0.1, "x1": 0.0, "x2": 0.05, "x3": 0.0, "x4": 0.2, "x5": 0.5}
PROBABILITY = 0.8
NOISE = 0.01
"""Standard deviation of a year, as a share of the figure."""

STEP = 0.01
"""Of the grid of responses, bn RMB."""


def response(point: Mapping[str, Any]) -> Any:
    """GMV that the levers bring, bn RMB; x4 brings nothing, and x5 does nothing at all.

    s = a_0 (1 + PULL x_3) (1 - exp(-x_0 / b_0)) + sum_i a_i (1 - exp(-x_i / b_i)),  i = 1, 2
    """
    first = MOST[0] * (1 + PULL * point["x3"]) * -np.expm1(-point["x0"] / SLOWNESS[0])
    rest = [MOST[k] * -np.expm1(-point[f"x{k}"] / SLOWNESS[k]) for k in (1, 2)]
    return first + rest[0] + rest[1]


def cost(point: Mapping[str, Any]) -> Any:
    """What the levers cost, bn RMB: sum_i (p_i x_i + q_i x_i²) + the price of x3 and of x4."""
    levers = [PRICE[k] * point[f"x{k}"] + STEEPNESS[k] * point[f"x{k}"] ** 2 for k in range(3)]
    return sum(levers) + PULL_PRICE * point["x3"] + WASTE * point["x4"]


def figures(point: Point, share: float) -> Mapping[str, Any]:
    """Means of each world; a small population shows a little less of both."""
    seen = 1 - 0.1 * (1 - share)
    return {
        "gmv_paid_fen": np.array(WORLDS) + seen * response(point),
        "cost_fen": np.full(len(WORLDS), seen * cost(point)),
    }


def cheapest_costs(wanted: np.ndarray) -> np.ndarray:
    """The least cost of each response, by a fine grid over levers and min-plus sums over levers."""
    x = np.linspace(0, 1, 2001)
    off = dict.fromkeys(TODAY, 0.0)
    pair = np.meshgrid(x, np.linspace(0, 1, 101))
    curves = [_curve(off | {"x0": pair[0].ravel(), "x3": pair[1].ravel()})]
    curves += [_curve(off | {f"x{k}": x}) for k in (1, 2)]
    total = curves[0]
    for other in curves[1:]:
        known = np.flatnonzero(np.isfinite(other))
        sums = np.full(len(total) + len(other), np.inf)
        for place in known:
            part = sums[place : place + len(total)]
            np.minimum(part, total + other[place], out=part)
        total = np.minimum.accumulate(sums[::-1])[::-1]
    return total[np.ceil(wanted / STEP).astype(int)]


def _curve(point: Mapping[str, Any]) -> np.ndarray:
    """The least cost of a response or more, by the response's place in the grid."""
    places = np.floor(response(point) / STEP).astype(int)
    found = np.full(places.max() + 1, np.inf)
    np.minimum.at(found, places, cost(point))
    return np.minimum.accumulate(found[::-1])[::-1]


def search_of_effort(effort: str) -> Search:
    """The search of an effort, as a command has it."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("optimize", [f"effort={effort}"]), OptimizeJob).search


def toy_of(seed: int) -> Toy:
    """Luck moves sales by a hundredth."""
    noise = {"gmv_paid_fen": NOISE, "cost_fen": NOISE}
    return Toy(figures, noise, seed, common=0.999, levers=6, given=(("today", TODAY),), scaled=True)


@dataclass
class Priced:
    """What a search leaves: its trials, and every policy that met all fresh replications."""

    toy: Toy
    study: SearchStudy
    selection: Selection

    def confirmed(self) -> tuple[list[ConfirmedPolicy], ConfirmedPolicy, PriceQuestion]:
        """Policies for the price table, today's, and what is asked."""
        known = [one for one in self.selection.finalists if self.selection._is_known(one)]
        base = next(one for one in known if one.candidate.name == "today").sample.values
        made = [
            ConfirmedPolicy(
                one.candidate.name,
                one.sample.values["gmv_paid_fen"],
                one.sample.values["cost_fen"] - base["cost_fen"],
                np.zeros_like(base["cost_fen"]),
            )
            for one in known
        ]
        worlds = tuple(map(str, WORLDS))
        asked = PriceQuestion(PROBABILITY, worlds, np.full(len(worlds), 1 / len(worlds)))
        return made, next(one for one in made if one.name == "today"), asked

    def needed(self, target: float) -> float:
        """The response that holds a target under the random numbers of the fresh replications."""
        _, today, asked = self.confirmed()
        base, count = np.array(WORLDS)[:, None], today.gmv_fen.shape[1]
        stage = Stage(True, 1.0, 0, count)
        chance = 1 + NOISE * np.array([self.toy.chance(0, stage, r) for r in range(count)])
        found = np.arange(0.0, 60.0, STEP)
        held = [held_level((base + s) * chance, asked.probability, asked.weights) for s in found]
        return float(found[np.searchsorted(held, target)])


def priced(
    search: Search, seed: int, targets: tuple[float, ...] | None, store: Any = None
) -> Priced:
    """Search the problem as the main job does."""
    toy = toy_of(seed)
    goals = ("gmv_paid_fen", "maximize"), ("cost_fen", "minimize")
    evaluator = ObjectiveEvaluator(objective_of(*goals))
    aim = Aim("gmv_paid_fen", "cost_fen", PROBABILITY, "today", 250.0, levels=targets,
              anchors=(dict.fromkeys(TODAY, 0.0),))  # fmt: skip
    study = SearchStudy(search, seed, toy, evaluator, Remembering() if store is None else store)
    selection = Selection(toy, evaluator, search, seed, aim=aim)
    study.run(lambda *_: None)
    rows = polish(study, aim, search, seed, selection.confirm, lambda *_: None)
    chosen = choose_finalists(study.trials, study.found, search.finalists_count, rows)
    selection.run([one.candidate for one in chosen], lambda *_: None, LateEntries(study, aim))
    return Priced(toy, study, selection)

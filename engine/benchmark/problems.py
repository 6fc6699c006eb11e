"""Problems of a few lines whose answers are known, behind the search's own seam."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from engine.benchmark.known import Floats, Known
from engine.search.problem import Point


class _BudgetSplit(Known):
    """A budget split among channels with falling returns (Koopman, Oper. Res. 5(5), 1957).

        GMV = Σ_i a_i (1 - exp(-x_i / b_i)),    spent = Σ_i x_i ≤ 1

    At the optimum of every budget the marginal returns of all channels in use are equal,

        (a_i / b_i) exp(-x_i / b_i) = λ,    x_i = b_i max(0, ln(a_i / (b_i λ))),

    so that the front is traced by λ.
    """

    name = "budget_split"
    goals = (("gmv_paid_fen", "maximize"), ("subsidy_fen", "minimize"))
    sizes: ClassVar = {"gmv_paid_fen": 2.0, "subsidy_fen": 0.2}
    constraints: ClassVar = {"budget": {"measure": "subsidy_fen", "at_most": 1.0}}
    reference = (0.0, 1.0)
    most: ClassVar = np.array([1.0, 0.8, 0.6, 0.4, 0.3])
    """a_i"""
    slowness: ClassVar = np.array([0.5, 0.2, 0.4, 0.1, 0.3])
    """b_i"""

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return what each channel may get."""
        return {f"x{k}": FloatDistribution(0, 1) for k in range(len(self.most))}

    def truth(self, point: Point) -> dict[str, float]:
        """Return GMV and what is spent."""
        spent = np.array([point[f"x{k}"] for k in range(len(self.most))])
        gmv = float(self.most @ -np.expm1(-spent / self.slowness))
        return {"gmv_paid_fen": gmv, "subsidy_fen": float(spent.sum())}

    def split(self, price: float) -> Floats:
        """Return the best split when the marginal return of spending is `price`, λ."""
        logs = np.log(self.most / (self.slowness * price))
        return np.asarray(self.slowness * np.maximum(logs, 0.0))

    def front(self) -> Floats:
        """Return (-GMV, spent) by falling λ, up to the whole budget."""
        prices = np.geomspace((self.most / self.slowness).max(), 1e-3, 4000)
        splits = [own for own in map(self.split, prices) if own.sum() <= 1]
        figures = [self.truth({f"x{k}": x for k, x in enumerate(own)}) for own in splits]
        return np.array([[-own["gmv_paid_fen"], own["subsidy_fen"]] for own in figures])


class _CouponKnapsack(Known):
    """Which coupons to give: each pays or not, and costs (Dantzig, Oper. Res. 5(2), 1957).

        GMV = Σ_i v_i x_i,    spent = Σ_i w_i x_i ≤ `budget`,    x_i in {0, 1}

    The front, the most GMV of every spending, is that of dynamic programming over whole w_i.
    """

    name = "coupon_knapsack"
    goals = (("gmv_paid_fen", "maximize"), ("subsidy_fen", "minimize"))
    sizes: ClassVar = {"gmv_paid_fen": 30.0, "subsidy_fen": 5.0}
    # Half a unit of room: the budget itself is held surely, the next whole number is not.
    constraints: ClassVar = {"budget": {"measure": "subsidy_fen", "at_most": 25.5}}
    reference = (0.0, 26.0)
    values: ClassVar = (10, 3, 14, 7, 5, 9, 2, 12, 6, 8, 4, 11)
    weights: ClassVar = (6, 3, 8, 7, 2, 9, 4, 5, 5, 3, 6, 10)
    budget: ClassVar = 25

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return a yes or no for each coupon."""
        return {f"x{k}": IntDistribution(0, 1) for k in range(len(self.values))}

    def truth(self, point: Point) -> dict[str, float]:
        """Return GMV and what is spent."""
        taken = [point[f"x{k}"] for k in range(len(self.values))]
        gmv, spent = float(np.dot(self.values, taken)), float(np.dot(self.weights, taken))
        return {"gmv_paid_fen": gmv, "subsidy_fen": spent}

    def front(self) -> Floats:
        """Return (-GMV, spent) for every whole spending."""
        best = np.zeros(self.budget + 1)
        for value, weight in zip(self.values, self.weights, strict=True):
            best[weight:] = np.maximum(best[weight:], best[:-weight] + value)
        return np.stack([-best, np.arange(self.budget + 1.0)], axis=1)


class _TwoSided(Known):
    """A platform with two sides in each of three regions (Armstrong, RAND J. Econ. 37(3), 2006).

    In a region, side i joins for the other side j, at the price p_i:

        n_i = d_i + α_i n_j - p_i,    profit = Σ_i p_i n_i

    The goals are profit and participation n_1 + n_2, both summed over regions, with
    profit ≥ 0.3. For a weight λ of participation each region has, with A = α_1 + α_2 and
    e_i = d_i + λ,

        n_i = (2 e_i + A e_j) / (4 - A²),    p_i = d_i + α_i n_j - n_i,

    which traces the front. At λ = 0 buyers, whom sellers value most, are paid to come:
    p_1 < 0 (Rochet & Tirole, J. Eur. Econ. Assoc. 1(4), 2003).
    """

    name = "two_sided"
    goals = (("platform_contribution_fen", "maximize"), ("orders_count", "maximize"))
    sizes: ClassVar = {"platform_contribution_fen": 1.0, "orders_count": 3.0}
    constraints: ClassVar = {"profit": {"measure": "platform_contribution_fen", "at_least": 0.3}}
    reference = (-0.3, 0.0)
    demand: ClassVar = ((0.6, 0.3), (0.5, 0.4), (0.4, 0.4))
    pull: ClassVar = ((0.1, 1.4), (0.2, 1.2), (0.0, 1.3))
    """d_i and α_i of buyers and sellers, region by region."""

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the prices of both sides in every region."""
        ends = {"buyers": (-1.5, 1.0), "sellers": (-0.5, 1.5)}
        return {
            f"{side}{k}": FloatDistribution(*ends[side])
            for k in range(len(self.demand))
            for side in ends
        }

    def truth(self, point: Point) -> dict[str, float]:
        """Return profit and participation."""
        profit = total = 0.0
        for k in range(len(self.demand)):
            prices = point[f"buyers{k}"], point[f"sellers{k}"]
            joined = self.joined(k, prices)
            profit += float(np.dot(prices, joined))
            total += sum(joined)
        return {"platform_contribution_fen": profit, "orders_count": total}

    def joined(self, region: int, prices: Sequence[float]) -> list[float]:
        """Return who joins on either side of a region."""
        net = [d - p for d, p in zip(self.demand[region], prices, strict=True)]
        pull = self.pull[region]
        both = [(net[i] + pull[i] * net[1 - i]) / (1 - pull[0] * pull[1]) for i in (0, 1)]
        if min(both) >= 0:
            return both
        # One side stays away, and the other comes for its own demand alone.
        return [max(0.0, net[i]) if both[1 - i] < 0 else 0.0 for i in (0, 1)]

    def best(self, weight: float) -> Point:
        """Return the best prices when participation has `weight`, λ."""
        found = {}
        for k, (demand, pull) in enumerate(zip(self.demand, self.pull, strict=True)):
            both, gain = sum(pull), [d + weight for d in demand]
            joined = [(2 * gain[i] + both * gain[1 - i]) / (4 - both**2) for i in (0, 1)]
            for i, side in enumerate(("buyers", "sellers")):
                found[f"{side}{k}"] = demand[i] + pull[i] * joined[1 - i] - joined[i]
        return found

    def front(self) -> Floats:
        """Return (-profit, -participation) by rising λ, as long as there is profit enough."""
        figures = [self.truth(self.best(weight)) for weight in np.linspace(0, 0.6, 4000)]
        costs = [[-own["platform_contribution_fen"], -own["orders_count"]] for own in figures]
        return np.array([own for own in costs if own[0] <= -0.3])


class _Zdt(Known):
    """Two goals that trade off along a curve, far off it everywhere else (`_Zdt1`, `_Zdt2`).

        f_1 = x_0,    g = 1 + 9 mean(x_1, …),    f_2 = g h(f_1 / g)

    (Zitzler, Deb & Thiele, Evol. Comput. 8(2), 2000, with fewer variables, and with the
    constraint f_2 ≤ 0.7). The front has g = 1.
    """

    goals = (("cost_fen", "minimize"), ("subsidy_fen", "minimize"))
    sizes: ClassVar = {"cost_fen": 1.0, "subsidy_fen": 1.0}
    constraints: ClassVar = {"least": {"measure": "subsidy_fen", "at_most": 0.7}}
    reference = (1.1, 1.1)
    variables: ClassVar = 5

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the unit cube."""
        return {f"x{k}": FloatDistribution(0, 1) for k in range(self.variables)}

    def truth(self, point: Point) -> dict[str, float]:
        """Return f_1 and f_2."""
        rest = [point[f"x{k}"] for k in range(1, self.variables)]
        first, g = point["x0"], 1 + 9 * float(np.mean(rest))
        return {"cost_fen": first, "subsidy_fen": g * self.shape(first / g)}

    @abstractmethod
    def shape(self, ratio: float) -> float:
        """Return h."""

    def front(self) -> Floats:
        """Return (f_1, f_2) at g = 1 where the constraint holds."""
        curve = np.array([[x, self.shape(x)] for x in np.linspace(0, 1, 4001)])
        return np.asarray(curve[curve[:, 1] <= 0.7])


class _Zdt1(_Zdt):
    """h(t) = 1 - √t: a convex front."""

    name = "zdt1"

    def shape(self, ratio: float) -> float:
        """Return h."""
        return 1 - float(ratio**0.5)


class _Zdt2(_Zdt):
    """h(t) = 1 - t²: a concave front, which no weighted sum of the goals finds."""

    name = "zdt2"

    def shape(self, ratio: float) -> float:
        """Return h."""
        return 1 - ratio**2


KNOWN: Final[Mapping[str, type[Known]]] = {
    kind.name: kind for kind in (_BudgetSplit, _CouponKnapsack, _TwoSided, _Zdt1, _Zdt2)
}
"""The problems by name."""

"""Which factors move a measure: Sobol indices, effects, and the importance in a finished search.

Sobol indices say which share of a measure's variance each factor brings. With all factors
uniform and independent on their ranges,

    S_i = Var(E[Y | X_i]) / Var(Y)         first order: alone
    T_i = 1 - Var(E[Y | X_-i]) / Var(Y)    total: alone and with all others

(Sobol 2001; Saltelli et al., Comput. Phys. Commun. 181, 2010). The design holds, for each of N
base points, two points of a scrambled Sobol sequence and one mixed of them for every factor:
N (D + 2) points. Intervals are normal ones at 95 % from a bootstrap over base points.

Y is a mean over R replications, whose random numbers all points share. The noise left in it is the
interaction of points and replications in their two-way table,

    V = sum_pr (y_pr - y_p. - y_.r + y_..)^2 / ((P - 1) (R - 1)),  share = (V / R) / Var(Y),

the part of the variance that no factor can explain: it stands beside the indices as `noise`.

Which way a factor moves a measure, and by how much of its unit, its effect says. For each of the N
base points a, the design holds a second one b that differs from it in factor i alone. With
d = b_i - a_i the step along the factor's range, 0 to 1, and e = y(b) - y(a) what it brought under
common random numbers,

    effect_i = sum d e / sum d²

is what raising the factor from the low to the high end of its range changes on average, as the
straight line through the steps says; one that first raises and then lowers may have none. Its
interval is Student's with N - 1 degrees of freedom, its standard error

    sqrt(sum (d (e - effect d) / (1 - h))²) / sum d²,    h = d² / sum d²

(HC3; MacKinnon & White, J. Econometrics 29, 1985): right whatever the spread of e along the range.

The importance of a lever in a finished search is how far its values among the best trials
differ from its values among all, as a share of the sum over levers (PED-ANOVA; Watanabe,
Bansal & Hutter, IJCAI 2023). It needs no further simulation, and says what made policies good
where the search looked. Trials that violate a constraint do not count, unless nearly all do.
Its intervals hold 95 % of what trials drawn anew from the finished ones, with replacement, say:
how much the importance hangs on single trials, not what other trials would have shown. A search
that was interrupted, or still runs, has a row that says so: `unfinished`.
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
import yaml
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from engine.design.draws import uniform_draws
from engine.results import local_folder
from engine.results.claim import MARKER
from engine.results.schemas import MANIFEST
from engine.rng import Purpose
from engine.search.checkpoint.journal import read_optuna_study
from engine.stats.arrays import Floats
from engine.stats.intervals import CONFIDENCE, student_quantile

Row = dict[str, Any]

_FIRST, _TOTAL, _NOISE, _IMPORTANCE = "first", "total", "noise", "importance"
_UNFINISHED: Final = "unfinished"
"""Values of the column `index`."""

_SEARCH: Final = "search"
"""Value of the column `of` for what comes from a finished search."""

_STILL: Final = 1e-12
"""A measure that varies less than this share of itself is moved by nothing."""

_MOST_RESAMPLES: Final = 60
"""Of the trials of a search: each costs some tenths of a second."""

LEAST_TRIALS: Final = 6
"""Finished trials below which the best of them say nothing."""

_LEAST_POINTS: Final = 8
"""Base points below which an interval says nothing."""


@dataclass(frozen=True)
class SobolAnalysis:
    """What a set of factors does to measures, from runs at the points of one design.

    Parameters
    ----------
    of
        What the factors are.
    ends
        Of each factor, its values at the low and the high end of its range.
    base_points
        N, a power of two.
    seed
        Names the scramble, and the resamples.
    """

    of: str
    ends: Mapping[str, tuple[Any, Any]]
    base_points: int
    seed: int

    @cached_property
    def cube(self) -> Floats:
        """Saltelli's design (2010, CPC 181, 259-270), without indices of the second order.

        (points, factors) float64 in the unit cube, points = N (factors + 2).
        """
        from SALib.sample import sobol

        problem = _problem(list(self.ends))
        found = sobol.sample(problem, self.base_points, calc_second_order=False, seed=self.seed)
        return np.asarray(found, np.float64)

    def rows(self, runs: Mapping[str, Floats], resamples: int) -> list[Row]:
        """Return the rows of `sensitivity`: indices of the factors, then their effects.

        Parameters
        ----------
        runs
            Each measure, in its unit, at the points of `cube`, (points, replications) float64.
        resamples
            Of the bootstrap behind the intervals.
        """
        indices = _index_rows(self.of, list(self.ends), runs, resamples, self.seed)
        return indices + _effect_rows(self.of, self.ends, self.cube, runs)


def importance_rows(folder: str, resamples: int, seed: int) -> list[Row]:
    """Return the rows of `sensitivity` for each goal of the search in `folder`.

    Parameters
    ----------
    folder
        Output folder of the search, or its address.
    resamples
        Of the bootstrap over its trials.
    seed
        Names the resamples.
    """
    place = local_folder(folder, "study")
    study = read_optuna_study(place)
    trials = _feasible_trials(study)
    shape = (min(resamples, _MOST_RESAMPLES), len(trials))
    signs = [1.0 if way is StudyDirection.MINIMIZE else -1.0 for way in study.directions]
    found, *again = (
        _importances(own, signs)
        for own in (
            trials,
            *(
                [trials[int(share * len(trials))] for share in one]
                for one in uniform_draws(seed, Purpose.TRIAL, shape)
            ),
        )
    )
    rows = _unfinished_rows(place, study)
    for k, measure in enumerate(study.metric_names or ()):
        for name, value in found[k].items():
            limits = _limits([one[k][name] for one in again if name in one[k]])
            rows.append(_row(_SEARCH, name, measure, _IMPORTANCE, value) | limits)
    return rows


def _unfinished_rows(place: Path, study: optuna.Study) -> list[Row]:
    """Return a row with the trials that are done and asked for (`high`), unless a search is whole.

    The command of a search marks its folder first, and writes the manifest last. Policies that
    were given count as trials, also where they lie outside the space.
    """
    manifest = place / MANIFEST
    if not (place / MARKER).is_file() or (
        manifest.is_file() and json.loads(manifest.read_bytes()).get("complete")
    ):
        return []
    config = place / ".hydra" / "config.yaml"
    tree = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else None
    asked = ((tree or {}).get("search") or {}).get("trials_count")
    done = sum(one.state.is_finished() for one in study.get_trials(deepcopy=False))
    measure = next(iter(study.metric_names or ()), "")
    row = _row(_SEARCH, "trials", measure, _UNFINISHED, float(done))
    return [row | {"high": float(asked) if isinstance(asked, int) and asked >= done else None}]


def _index_rows(
    of: str, names: Sequence[str], runs: Mapping[str, Floats], resamples: int, seed: int
) -> list[Row]:
    """Return the rows with the Sobol indices of every factor, and with the noise."""
    return [
        one
        for measure, values in runs.items()
        for one in _indices_of(of, names, measure, values, resamples, seed)
    ]


def _noise_share(values: Floats) -> float | None:
    """Return which share of the variance of means over replications is noise, 1 at most."""
    points, replications = values.shape
    if replications < 2:
        return None
    left = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    noise = float((left**2).sum()) / ((points - 1) * (replications - 1)) / replications
    whole = float(values.mean(axis=1).var(ddof=1))
    return noise / whole if noise < whole else 1.0


def _row(of: str, name: str, measure: str, index: str, value: float | None,
         half: float | None = None) -> Row:  # fmt: skip
    """Return one row; what is not a number is not known."""
    known = value is not None and math.isfinite(value)
    wide = known and half is not None and math.isfinite(half)
    return {
        "of": of, "name": name, "measure": measure, "index": index,
        "value": value if known else None,
        "ci_low": value - half if wide else None,  # type: ignore[operator]
        "ci_high": value + half if wide else None,  # type: ignore[operator]
        "low": None, "high": None,
    }  # fmt: skip


def _indices_of(of: str, names: Sequence[str], measure: str, values: Floats, resamples: int,
                seed: int) -> list[Row]:  # fmt: skip
    from SALib.analyze import sobol

    means = values.mean(axis=1)
    if np.ptp(means) <= _STILL * np.abs(means).max():
        both = [(name, index) for name in names for index in (_FIRST, _TOTAL)]
        return [_row(of, name, measure, index, None) for name, index in both]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # resamples without spread; their indices are unknown
        found = sobol.analyze(
            _problem(names),
            means,
            calc_second_order=False,
            num_resamples=resamples,
            conf_level=CONFIDENCE,
            seed=seed,
        )
    columns = {_FIRST: ("S1", "S1_conf"), _TOTAL: ("ST", "ST_conf")}
    rows = [
        _row(of, name, measure, index, float(found[value][k]), float(found[half][k]))
        for k, name in enumerate(names)
        for index, (value, half) in columns.items()
    ]
    return [*rows, _row(of, _NOISE, measure, _NOISE, _noise_share(values))]


def _problem(names: Sequence[str]) -> dict[str, Any]:
    bounds = [[0.0, 1.0] for _ in names]
    return {"num_vars": len(names), "names": list(names), "bounds": bounds}


def _limits(values: Sequence[float]) -> Row:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return {"ci_low": None, "ci_high": None}
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return {"ci_low": float(low), "ci_high": float(high)}


def _feasible_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that satisfy every constraint; all finished ones if those are too few."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    feasible = [one for one in finished if all(excess <= 0 for excess in one.constraints.values())]
    return feasible if len(feasible) >= LEAST_TRIALS else finished


def _cost(goal: int, sign: float, trial: FrozenTrial) -> float:
    """Return a goal of a trial so that less is better."""
    return sign * float(trial.values[goal])


def _importances(trials: Sequence[FrozenTrial], signs: Sequence[float]) -> list[dict[str, float]]:
    """Return the importance of every lever for each goal among some trials; none if unknown.

    Parameters
    ----------
    trials
        With a value for each goal.
    signs
        Of each goal: 1 where less is better.
    """
    # Imports scikit-learn and pandas where they are installed: seconds.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=[StudyDirection.MINIMIZE] * len(signs))
    study.add_trials(trials)
    optuna.logging.set_verbosity(level)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that low values count as good: the sign sees to it
        for k, sign in enumerate(signs):
            try:
                found.append(
                    get_param_importances(
                        study,
                        evaluator=PedAnovaImportanceEvaluator(),
                        target=partial(_cost, k, sign),
                    )
                )
            except (ValueError, RuntimeError):  # a resample in which nothing differs
                found.append({})
    return found


def _effect_rows(
    of: str, ends: Mapping[str, tuple[Any, Any]], cube: Floats, runs: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """Return the rows with the effect of every factor on every measure."""
    return [
        _effect_row((of, name, measure), ends[name], _steps(cube, place), values.mean(axis=1))
        for measure, values in runs.items()
        for place, name in enumerate(ends)
    ]


def _steps(cube: Floats, place: int) -> tuple[slice, slice, Floats]:
    """Return the rows of base points and of those moved in one factor, and the steps (N,)."""
    block = cube.shape[1] + 2
    base, moved = slice(0, None, block), slice(1 + place, None, block)
    return base, moved, cube[moved, place] - cube[base, place]


def _effect_row(
    labels: Sequence[str],
    ends: tuple[Any, Any],
    steps: tuple[slice, slice, Floats],
    means: Floats,
) -> dict[str, Any]:
    base, moved, along = steps
    change, weight = means[moved] - means[base], float(along @ along)
    effect = float(along @ change) / weight if weight > 0 else None
    half = None
    if effect is not None and len(along) >= _LEAST_POINTS:
        left = along * (change - effect * along) / (1 - along**2 / weight)
        error = float(np.sqrt(left @ left)) / weight
        half = error * student_quantile(len(along) - 1, 0.5 + CONFIDENCE / 2)
    of, name, measure = labels
    return {
        "of": of,
        "name": name,
        "measure": measure,
        "index": "effect",
        "value": effect,
        "ci_low": None if effect is None or half is None else effect - half,
        "ci_high": None if effect is None or half is None else effect + half,
        "low": _number(ends[0]),
        "high": _number(ends[1]),
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None

"""Which levers mattered in a finished search: PED-ANOVA.

The importance of a lever is how far its values among the best trials differ from its values
among all, as a share of the sum over levers (Watanabe, Bansal & Hutter, IJCAI 2023). It needs
no further simulation, and says what made policies good where the search looked. Trials that
violate a constraint do not count, unless nearly all do.
"""

import warnings
from pathlib import Path
from typing import Final

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from engine.errors import InputError
from engine.search.checkpoint.journal import FILE, read_study
from engine.sensitivity.sobol import Row, row

IMPORTANCE: Final = "importance"
SEARCH: Final = "search"
LEAST: Final = 6
"""Finished trials below which the best of them say nothing."""


def check_study(folder: str) -> None:
    """Refuse a folder without a search that has got far enough.

    Raises
    ------
    InputError
        Naming the folder.
    """
    if not (Path(folder) / FILE).is_file():
        raise InputError(
            "study",
            f"there is no {FILE} in {folder}",
            "the output folder of experiments.optimize",
            "give one, e.g. study=outputs/optimize/TIME",
        )
    finished = len(read_study(Path(folder)).get_trials(states=(TrialState.COMPLETE,)))
    if finished < LEAST:
        raise InputError(
            "study",
            f"the search in {folder} has {finished} finished trials",
            f"at least {LEAST}",
            "let it go on, or give another",
        )


def importance_rows(folder: str) -> list[Row]:
    """Return the rows of `sensitivity` for each goal of the search in `folder`."""
    study = read_study(Path(folder))
    rows = []
    for k, (measure, way) in enumerate(
        zip(study.metric_names or (), study.directions, strict=True)
    ):
        sign = 1.0 if way is StudyDirection.MINIMIZE else -1.0
        for name, value in _importances(_judged(study), k, sign).items():
            rows.append(row(SEARCH, name, measure, IMPORTANCE, value))
    return rows


def _judged(study: optuna.Study) -> optuna.Study:
    """Return a study of the trials that satisfy every constraint; of all if those are too few."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    able = [one for one in finished if all(excess <= 0 for excess in one.constraints.values())]
    found = optuna.create_study(directions=study.directions)
    for trial in able if len(able) >= LEAST else finished:
        found.add_trial(trial)
    return found


def _importances(study: optuna.Study, goal: int, sign: float) -> dict[str, float]:
    def cost(trial: FrozenTrial) -> float:
        return sign * float(trial.values[goal])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that low values count as good: the sign sees to it
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), target=cost)

"""What policies bring in each plausible world, under common and fresh seeds.

Worlds that fit alike may disagree on what is recommended: that is what must be known of a
calibration before one of its worlds is believed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import cases
from engine.case import RunResult
from engine.compare import paired
from engine.compute import Pool
from engine.rng import Purpose, derive_seed
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import Ensemble

_MEASURES: Final = ("gmv_paid_fen", "platform_contribution_fen", "target_attained", "subsidy_fen")
"""Columns of `runs` whose paired differences are kept."""

_STAGE: Final = "runs of policies in the worlds of the ensemble"


def answers(
    job: CalibrateJob,
    ensemble: Ensemble,
    pool: Pool,
    on_progress: Callable[[str, int, int, str], None],
) -> list[dict[str, Any]]:
    """Return the rows of `answers`: paired differences to the baseline, world by world.

    Parameters
    ----------
    job
        Policies, baseline, and how many replications there are.
    ensemble
        The plausible worlds.
    pool
        What simulates.
    on_progress
        Takes the stage, runs done, runs in all, and a note.
    """
    fresh = {
        "ensemble": ensemble,
        "replications": job.fit.answer_replications,
        "seed": derive_seed(job.seed, Purpose.FRESH, 0) >> 31,
    }
    todo = cases.cases(job.model_copy(update=fresh), job.compared().values())
    by_world: dict[str, list[RunResult]] = {world: [] for world in ensemble.worlds}
    for done, result in enumerate(pool.run(todo), start=1):
        small = replace(result, daily={}, monthly={}, segments={}, anchors={})
        by_world[result.labels["world"]].append(small)
        on_progress(_STAGE, done, len(todo), "")
    return [
        {"world": world, **row}
        for world, results in by_world.items()
        for row in paired(results, job.baseline, _MEASURES)
    ]

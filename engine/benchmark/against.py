"""`against=PATH`: this checkout beside another, turn by turn, each by its own command.

A turn is `experiments.benchmark` (suite `kernel`, three runs) of this checkout, twice of the other,
and of this one again: a machine that changes its speed meets both alike. The ratio of a turn is
this checkout's mean over the other's. Each simulates its own scenario and policy of the same
names: where these differ, the ratio holds what the model's change costs too.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.case import Case
from engine.errors import PoquanError
from engine.spec.benchmark import BenchmarkJob

_HERE: Final = Path(__file__).parents[2]
_MEASURES: Final = ("year_s", "session_ns", "fixed_day_ms")
"""What is compared, of the axis `population`."""

_OWN: Final = ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES")

_GOAL: Final = 1.03
"""What a change that is to cost nothing may cost."""

_Figures = Mapping[tuple[str, int], float]
"""By measure and population."""


def against_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Measure both checkouts in turn; return the rows of `benchmark`."""
    other = Path(str(job.against)).resolve()
    steps = Steps(2 + 4 * job.runs, on_progress)
    for where in (_HERE, other):
        _measured(where, job)  # fills its compile cache
        steps.step(f"compile cache of {where.name} filled")
    turns: list[tuple[_Figures, _Figures]] = []
    for _ in range(job.runs):
        order: list[_Figures] = []
        for where in (_HERE, other, other, _HERE):
            order.append(_measured(where, job))
            steps.step(where.name)
        turns.append((_mean(order[0], order[3]), _mean(order[1], order[2])))
    return _rows(job, case, turns)


def _measured(where: Path, job: BenchmarkJob) -> _Figures:
    """Return what a checkout's own command measures, in a process of its own.

    Raises
    ------
    PoquanError
        If the command fails there.
    """
    import pyarrow.parquet as pq

    sizes = ",".join(map(str, job.populations))
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        words = [
            "suite=kernel", "runs=3", f"populations=[{sizes}]", f"seed={job.seed}",
            f"anchors=[{job.scale.anchors_count}]", "thread_counts=[1]", "process_counts=[1]",
            f"threads={job.threads}", f"days={job.days or 'null'}", f"hydra.run.dir={out}",
        ]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "experiments.benchmark", *words],
            cwd=where,
            env=_environment(where),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise PoquanError(f"{where}: its benchmark failed:\n{said[-2000:]}")
        rows = pq.read_table(out / "benchmark.parquet").to_pylist()
    return {
        (row["measure"], row["buyers_count"]): row["value"]
        for row in rows
        if row["axis"] == "population" and row["measure"] in _MEASURES
    }


def _environment(where: Path) -> dict[str, str]:
    """Return this process's environment, less what this package has told Numba of its own code."""
    kept = {name: value for name, value in os.environ.items() if name not in _OWN}
    return kept | {"PYTHONPATH": str(where)}


def _mean(one: _Figures, two: _Figures) -> _Figures:
    return {key: (value + two[key]) / 2 for key, value in one.items()}


def _rows(job: BenchmarkJob, case: Case, turns: Sequence[tuple[_Figures, _Figures]]) -> list[Row]:
    """Both checkouts' figures and their ratio, a measure and a population at a time."""
    days = job.days or case.scenario.calendar.n_days
    rows = []
    for measure, buyers in turns[0][0]:
        at = Setting("kernel", buyers, job.scale.anchors_count, days, job.threads)
        ours = [one[measure, buyers] for one, _ in turns]
        theirs = [two[measure, buyers] for _, two in turns]
        ratios = [one / two for one, two in zip(ours, theirs, strict=True)]
        rows += [
            at.row("against", "this", measure, ours),
            at.row("against", "other", measure, theirs),
            at.row("against", "ratio", measure, ratios, _GOAL),
        ]
    return rows

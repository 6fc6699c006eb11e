"""What the commands that simulate do alike: run, keep, show."""

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from engine.case import Case, RunResult
from engine.cases import cases, seconds_of_run
from engine.compute import Pool, open_pool
from engine.config import Tree
from engine.report import build_report, sample_note
from engine.report.html.static import begin_drawing
from engine.report.policy_words import changed_policies
from engine.report.terminal.console import ResultsConsole
from engine.results import Results, RunCheckpoint
from engine.results.typed import typed_again
from engine.spec.jobs import Job
from engine.spec.policy import Policy
from experiments._places import settle, told_place
from experiments._progress import progress

if TYPE_CHECKING:
    from engine.collection import StudyMember

_COLUMNS: Final = 100
"""Of what is printed where there is no terminal to ask."""

_SHORT_S: Final = 10
"""Seconds of simulation for which what draws the page is started first, and waits for it."""


def run_policies(
    job: Job, policies: Iterable[Policy], folder: Path, config: Tree, *, details: bool
) -> tuple[Results, list[RunResult]]:
    """Simulate all runs of `policies`; see `run_cases`."""
    return run_cases(job, cases(job, policies), folder, config, details=details)


def run_cases(
    job: Job, todo: Sequence[Case], folder: Path, config: Tree, *, details: bool
) -> tuple[Results, list[RunResult]]:
    """Simulate `todo`, writing each run as it comes.

    Runs that an earlier command of the same job finished in the folder are taken from there.

    Parameters
    ----------
    details : whether `daily`, `segments` and `anchors` are kept beside `runs`.

    Returns
    -------
    The results, not yet finished, and the runs without their details, in the order of `todo`.
    """
    checkpoint = RunCheckpoint(folder, job.identity())
    found = [checkpoint.get(case.labels()) for case in todo]
    missing = [case for case, result in zip(todo, found, strict=True) if result is None]
    with _pool(job, missing) as pool, progress(job.scenario.currency, threads=job.threads) as show:
        results = Results(folder, config, job.seed, checkpoint.parts())
        for result in found:
            if result is not None:
                results.write_kept(result)
        pool.on_day = lambda day, days: show("days", day, days, "of one market")
        done: list[RunResult] = []
        for result in pool.run(missing):
            results.write_runs([result], daily=details, segments=details, anchors=details)
            checkpoint.add(result, details=details)
            done.append(replace(result, daily={}, monthly={}, segments={}, anchors={}))
            show("runs", len(todo) - len(missing) + len(done), len(todo), "")
    rest = iter(done)
    return results, [next(rest) if result is None else result for result in found]


def _pool(job: Job, todo: Sequence[Case]) -> AbstractContextManager[Pool]:
    """Open what the job asks for, unless there is nothing to simulate."""
    ray = job.ray if todo else job.ray.model_copy(update={"backend": "process"})
    run_off_days = max((case.run_off_days for case in todo), default=0)
    seconds = seconds_of_run(job, run_off_days=run_off_days)
    if seconds * len(todo) < _SHORT_S:
        begin_drawing()
    return open_pool(ray, len(todo), seconds, market=(job.scale, job.threads) if todo else None)


def conclude(results: Results, folder: Path) -> Console:
    """Finish the tables and the report, warn of a small sample; return the console to go on."""
    results.finish()
    build_report(folder)
    if note := sample_note(folder):
        print(f"Note: {note}.")
    return console_of(results)


def console_of(results: Results) -> Console:
    """Return the console on which results are told, in their currency and words."""
    console = ResultsConsole(results.currency, results.words)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return ResultsConsole(results.currency, results.words, width=_COLUMNS)


def in_their_currency(config: Tree, members: "Sequence[StudyMember]") -> Tree:
    """Return the config of one table over several jobs: amounts are in the currency of all.

    Jobs of several currencies have all of them named, as `RMB/USD`.
    """
    scenarios = [scenario for member in members if (scenario := member.scenario)]
    if not scenarios:
        return config
    currencies = dict.fromkeys(str(one.get("currency", "RMB")) for one in scenarios)
    own = {"currency": "/".join(currencies), "words": scenarios[0].get("words") or {}}
    return {**config, "scenario": {**(config.get("scenario") or {}), **own}}


def print_changes(folder: Path, config: Tree) -> None:
    """Say which policies are not as in their files, and in what."""
    for told in changed_policies(typed_again(folder), config):
        print(told)


def print_folder(folder: Path) -> None:
    """Say where everything is, so that it is found from any machine."""
    settle(folder)
    print(f"Results: {told_place(folder)}")

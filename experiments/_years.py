"""What the commands that simulate do alike: run, keep, show."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from engine.cases import cases, seconds_of_year
from engine.compute import open_pool
from engine.config import Tree
from engine.report import build_report, sample_note
from engine.results import Results
from engine.spec.policy import Policy
from engine.spec.study import Job
from engine.year import Case, Year
from experiments._progress import progress


def run_years(
    job: Job, policies: Iterable[Policy], folder: Path, config: Tree, *, details: bool
) -> tuple[Results, list[Year]]:
    """Simulate all years of `policies`; see `run_cases`."""
    return run_cases(job, cases(job, policies), folder, config, details=details)


def run_cases(
    job: Job, todo: Sequence[Case], folder: Path, config: Tree, *, details: bool
) -> tuple[Results, list[Year]]:
    """Simulate `todo`, writing each year as it comes.

    Parameters
    ----------
    details : whether `daily`, `segments` and `anchors` are kept beside `runs`.

    Returns
    -------
    The results, not yet finished, and the years without their details.
    """
    years: list[Year] = []
    with open_pool(job.ray, len(todo), seconds_of_year(job)) as pool:
        results = Results(folder, config, job.seed)
        with progress() as show:
            for year in pool.run(todo):
                results.write_years([year], daily=details, segments=details, anchors=details)
                years.append(replace(year, daily={}, monthly={}, segments={}, anchors={}))
                show("years", len(years), len(todo), "")
    return results, years


def conclude(results: Results, folder: Path) -> Console:
    """Finish the tables and the report, warn of a small sample; return the console to go on."""
    results.finish()
    build_report(folder)
    if note := sample_note(folder):
        print(f"Note: {note}.")
    return Console()


def tell_folder(folder: Path) -> None:
    """Say where everything is, as short as it can be said."""
    here = Path.cwd()
    print(f"Results: {folder.relative_to(here) if folder.is_relative_to(here) else folder}")

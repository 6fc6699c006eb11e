"""Suite `one_to_one`: every person of the platform is a simulated buyer, for some days."""

from dataclasses import replace
from datetime import timedelta
from statistics import median

from engine.benchmark.days import Days, fill_cache, simulate_days
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Worker
from engine.case import Case
from engine.population.buyers import Buyers, record_of
from engine.spec.benchmark import BenchmarkJob

_DAYS = 8
"""Days unless asked for others: a whole week after the first, on which showcases are filled."""


def one_to_one_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Create the whole pool and simulate its first days; return the rows of `benchmark`."""
    steps = Steps(2 + (job.days or _DAYS), on_progress)
    whole = _with_whole_pool(case, job.largest_population())
    with Worker() as first:
        first.ask(fill_cache, whole)
    steps.step("compile cache filled")
    with Worker() as worker:
        found: Days = worker.ask(
            simulate_days,
            whole,
            job.days or _DAYS,
            on_progress=lambda seconds: steps.step(f"{seconds:.1f} s"),
        )
    return _rows_of(whole, found)


def _with_whole_pool(case: Case, people: int) -> Case:
    """`case` on a platform of `people`, each of them simulated: weight 1."""
    platform = case.scenario.platform.model_copy(update={"pool_count": people})
    return replace(
        case,
        scenario=case.scenario.model_copy(update={"platform": platform}),
        scale=case.scale.model_copy(update={"buyers_count": people}),
    )


def _rows_of(case: Case, found: Days) -> list[Row]:
    """Creation, each day, memory, and the year that the median day implies."""
    people, calendar = case.scale.buyers_count, case.scenario.calendar
    at = Setting("one_to_one", people, case.scale.anchors_count, len(found.day_s), case.threads)
    whole = {
        "open_s": [found.open_s],
        "day_s": found.day_s,
        "sessions_count": found.sessions,
        "sessions_per_s": [n / s for n, s in zip(found.sessions, found.day_s, strict=True)],
        "implied_year_s": [found.open_s + calendar.n_days * median(found.day_s)],
        "state_bytes_per_buyer": [Buyers.new(1, record_of(case.scenario)).bytes_each],
    }
    if found.held_bytes is not None:
        whole["resident_bytes_per_buyer"] = [found.held_bytes / people]
    dates = [str(calendar.start + timedelta(days=day)) for day in range(len(found.day_s))]
    days = zip(dates, found.day_s, strict=True)
    return [at.row("pool", "market", measure, values) for measure, values in whole.items()] + [
        at.row("day", date, "day_s", [seconds]) for date, seconds in days
    ]

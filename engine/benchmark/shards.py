"""Suite `shards`: one market held by several processes, beside as many threads of one process."""

from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

from engine.benchmark.days import Days, fill_cache, simulate_days
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Worker
from engine.case import Case
from engine.compute import open_pool
from engine.population.buyers import bytes_per_buyer
from engine.spec.benchmark import BenchmarkJob

_DAYS = 8
_WARM = 2
"""Days at the beginning that are left out: code is loaded, showcases are filled."""


def shards_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Simulate the same days in turn on threads and on shards; return the rows of `benchmark`."""
    days = max(job.days or _DAYS, _WARM + 1)
    steps = Steps(1 + 2 * job.runs * len(job.shard_counts), on_progress)
    case = _shortened(case, job.sharded_population, days)
    with Worker() as first:
        first.ask(fill_cache, case)
    steps.step("compile cache filled")
    rows: list[Row] = []
    for count in job.shard_counts:
        threaded, sharded = [], []
        for _ in range(job.runs):
            with Worker() as worker:
                found: Days = worker.ask(simulate_days, replace(case, threads=count), days)
            threaded.append(median(found.day_s[_WARM:]))
            steps.step(f"{count} threads: {threaded[-1]:.2f} s a day")
            sharded.append(_sharded(job, case, count))
            steps.step(f"{count} shards: {median(sharded[-1].day_s[_WARM:]):.2f} s a day")
        rows += _rows_of(case, count, threaded, sharded)
    return rows


def _shortened(case: Case, buyers: int, days: int) -> Case:
    """The first `days` days of a market of so many buyers."""
    calendar = case.scenario.calendar
    short = calendar.model_copy(update={"end": calendar.start + timedelta(days=days - 1)})
    return replace(
        case,
        scenario=case.scenario.model_copy(update={"calendar": short}),
        scale=case.scale.model_copy(update={"buyers_count": buyers}),
        threads=1,
    )


def _sharded(job: BenchmarkJob, case: Case, count: int) -> Any:
    """What the first of `count` shards exchanged: an `engine.compute.shards` `ShardTraffic`."""
    scale = case.scale.model_copy(update={"shards": count})
    ray = job.ray.model_copy(update={"backend": "ray"})
    with open_pool(ray, 1, 1.0, market=(scale, 1)) as pool:
        next(pool.run([replace(case, scale=scale)]))
        return pool.traffic  # type: ignore[attr-defined]


def _rows_of(case: Case, count: int, threaded: list[float], sharded: list[Any]) -> list[Row]:
    calendar, buyers = case.scenario.calendar, case.scale.buyers_count
    at = Setting("shards", buyers, case.scale.anchors_count, calendar.n_days, 1, count)
    day_s = [median(traffic.day_s[_WARM:]) for traffic in sharded]
    slots = calendar.n_days * len(calendar.slot_share)
    found = {
        "day_s": day_s,
        "overhead_share": [own / other - 1 for own, other in zip(day_s, threaded, strict=True)],
        "sums_per_slot": [traffic.sums / slots for traffic in sharded],
        "bytes_per_slot": [traffic.bytes_sent / slots for traffic in sharded],
        "sums_share": [traffic.waited_s / sum(traffic.day_s) for traffic in sharded],
        "saving_share": [traffic.saving_s / sum(traffic.day_s) for traffic in sharded],
        "resident_bytes": [float(traffic.peak_bytes) for traffic in sharded],
        "state_bytes_per_buyer": [float(bytes_per_buyer())],
    }
    rows = [at.row("shards", f"{count} threads", "day_s", threaded)]
    goals = {"overhead_share": 0.15, "saving_share": 0.02}
    return rows + [
        at.row("shards", f"{count} shards", measure, values, goals.get(measure))
        for measure, values in found.items()
    ]

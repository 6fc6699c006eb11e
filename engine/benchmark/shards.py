"""Suite `shards`: one market held by several processes, beside as many threads of one process.

What a day takes is laid out by a model with three measured figures. With B buyers in n shards on
c cores, S sums a day, and d levels of the tree of sums, in which a node has up to 16 children,

    T(n) = ceil(n / c) (D + a B / n) + S d (e + x)        x = 16 b / w where d > 1, else 0

D is what a day takes without buyers and a what a buyer adds, by one thread at B and at B / 10; e
what a sum takes in the first run with two shards or more, all that its day takes beyond
D + a B / n; b the bytes of a sum, and w an assumed network of `network_gbit`, where a node takes
its children one after another. The model stands beside every measured count, and says what larger
machines would do: that is a forecast.

Weak scaling, the same buyers in each shard, is measured where several counts are asked for: every
count has its part of the largest one's market.

What saving takes shows in a year, by the first count of several shards: fewer days end too soon for
a night to be saved.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any, Final, NamedTuple

from engine.benchmark.days import Days, fill_cache, simulate_by_steps, simulate_days
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Worker
from engine.case import Case
from engine.compute import open_pool
from engine.compute.machine import bytes_of_shard, cpus_count
from engine.compute.shards.links import CHILDREN
from engine.population.buyers import Buyers, record_of
from engine.spec.benchmark import BenchmarkJob

_DAYS = 8
_WARM = 2
"""Days at the beginning that are left out: code is loaded, showcases are filled."""

_LESS: Final = 10
"""The market by which the cost of a buyer is told has so many times fewer of them."""


class _DayModel(NamedTuple):
    """The model of the module: seconds, buyers, bytes."""

    fixed_s: float
    buyer_s: float
    sum_s: float
    sums: float
    sum_bytes: float
    network_bytes_per_s: float

    def day_s(self, buyers: int, shards: int, cores: int) -> float:
        """Return what a day of so many buyers takes."""
        own = self.fixed_s + self.buyer_s * buyers / shards
        return math.ceil(shards / cores) * own + self.exchange_s(shards)

    def exchange_s(self, shards: int) -> float:
        """Return what the sums of a day take."""
        depth, reached = 0, 1
        while reached < shards:
            depth += 1
            reached += CHILDREN**depth
        network = CHILDREN * self.sum_bytes / self.network_bytes_per_s if depth > 1 else 0.0
        return self.sums * depth * (self.sum_s + network)


def shards_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Simulate the same days in turn on threads and on shards; return the rows of `benchmark`."""
    days = max(job.days or _DAYS, _WARM + 1)
    several = [count for count in job.shard_counts if count > 1][:1]
    turns = job.runs * sum(min(count, 2) for count in job.shard_counts)
    weak = sorted(set(job.shard_counts)) if len(set(job.shard_counts)) > 1 else []
    steps = Steps(2 + turns + len(several) + job.runs * len(weak), on_progress)
    whole = _shortened(case, job.sharded_population, job.days or case.scenario.calendar.n_days)
    case = _shortened(case, job.sharded_population, days)
    with Worker() as first:
        for threads in (1, 2):  # fused kernels, and those of each step
            first.ask(fill_cache, replace(case, threads=threads))
    steps.step("compile cache filled")
    few, many = (_threaded(_shortened(case, size, days), 1, days, simulate_by_steps)
                 for size in (job.sharded_population // _LESS, job.sharded_population))  # fmt: skip
    steps.step(f"1 thread: {many:.2f} s a day")
    rows: list[Row] = []
    model: _DayModel | None = None
    for count in job.shard_counts:
        threaded, sharded = [], []
        for _ in range(job.runs):
            threaded.append(_threaded(case, count, days))
            steps.step(f"{count} threads: {threaded[-1]:.2f} s a day")
            if count > 1:
                sharded.append(_sharded(job, case, count))
                steps.step(f"{count} shards: {median(sharded[-1].day_s[_WARM:]):.2f} s a day")
        if model is None and count > 1:
            model = _fitted(case, few, many, count, sharded, job.network_gbit)
        rows += _rows_of(case, count, threaded, sharded, model)
    for count in weak:
        rows += _weak_rows(job, case, (count, weak[-1]), model, steps)
    for count in several:
        rows += _saving_rows(job, whole, count)
        steps.step(f"{count} shards: {whole.scenario.calendar.n_days} days with nights saved")
    return rows + ([] if model is None else _projected(job, case, model))


def _threaded(
    case: Case, threads: int, days: int, simulated: Callable[..., Days] = simulate_days
) -> float:
    """Return what a day takes in one process: the median of those that count."""
    with Worker() as worker:
        found: Days = worker.ask(simulated, replace(case, threads=threads), days)
    return median(found.day_s[_WARM:])


def _fitted(
    case: Case, few: float, many: float, count: int, sharded: list[Any], network_gbit: float
) -> _DayModel:
    """Return the model from one thread with a tenth of the buyers and with all, and from shards."""
    buyers, days = case.scale.buyers_count, case.scenario.calendar.n_days
    buyer_s = max(many - few, 0.0) / (buyers - buyers // _LESS)
    fixed_s = max(many - buyer_s * buyers, 0.0)
    sums = median(traffic.sums / days for traffic in sharded)
    sum_bytes = median(traffic.bytes_sent / traffic.sums for traffic in sharded)
    alone = math.ceil(count / cpus_count()) * (fixed_s + buyer_s * buyers / count)
    day_s = median(median(traffic.day_s[_WARM:]) for traffic in sharded)
    sum_s = max(day_s - alone, 0.0) / sums
    return _DayModel(fixed_s, buyer_s, sum_s, sums, sum_bytes, network_gbit * 1e9 / 8)


def _projected(job: BenchmarkJob, case: Case, model: _DayModel) -> list[Row]:
    """Return what the model says of larger machines: seconds, minutes a year, memory of a shard."""
    rows = []
    for one in job.projections:
        buyers, workers = one.buyers_count, one.workers_count
        at = Setting("shards", buyers, case.scale.anchors_count, 1, 1, workers)
        day_s = model.day_s(buyers, workers, workers)
        found = {
            "simulated_buyers": buyers,
            "day_s": day_s,
            "year_min": day_s * 365 / 60,
            "exchange_share": model.exchange_s(workers) / day_s,
            "buyer_days_per_s": buyers / day_s,
            "resident_bytes": bytes_of_shard(buyers, workers, case.scale.anchors_count),
        }
        subject = f"{workers:,} workers"
        rows += [at.row("projection", subject, name, [float(v)]) for name, v in found.items()]
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


def _weak_rows(
    job: BenchmarkJob, case: Case, counts: tuple[int, int], model: _DayModel | None, steps: Steps
) -> list[Row]:
    """Return what a day takes where each shard holds as many buyers as one of the most shards.

    Parameters
    ----------
    counts : how many shards hold the market, and how many the largest one.
    """
    count, most = counts
    days, each = case.scenario.calendar.n_days, case.scale.buyers_count // most
    part = _shortened(case, each * count, days)
    at = Setting("shards", each * count, case.scale.anchors_count, days, 1, count)
    found: dict[str, list[float]] = {"day_s": []}
    for _ in range(job.runs):
        if count == 1:
            found["day_s"].append(_threaded(part, 1, days))
        else:
            traffic = _sharded(job, part, count)
            found["day_s"].append(median(traffic.day_s[_WARM:]))
            found.setdefault("sums_share", []).append(traffic.waited_s / sum(traffic.day_s))
            found.setdefault("resident_bytes", []).append(float(traffic.peak_bytes))
        steps.step(f"{count} times {each:,} buyers: {found['day_s'][-1]:.2f} s a day")
    if model is not None:
        found["modelled_day_s"] = [model.day_s(each * count, count, cpus_count())]
    return [
        at.row("shards", f"{count} × {each:,} buyers", measure, values)
        for measure, values in found.items()
    ]


def _saving_rows(job: BenchmarkJob, case: Case, count: int) -> list[Row]:
    """Return how often a night is saved by default, and what that takes of a run's seconds."""
    traffic = _sharded(job, case, count)
    days, run_s, nights = len(traffic.day_s), sum(traffic.day_s), traffic.nights_saved
    at = Setting("shards", case.scale.buyers_count, case.scale.anchors_count, days, 1, count)
    found = {
        "run_s": [run_s],
        "nights_saved": [nights],
        "days_per_night": [days / nights] if nights else [],
        "night_s": [traffic.saving_s / nights] if nights else [],
        "saving_share": [traffic.saving_s / run_s],
    }
    goals = {"saving_share": 0.02}
    return [
        at.row("saving", f"{count} shards", measure, values, goals.get(measure))
        for measure, values in found.items()
    ]


def _rows_of(
    case: Case, count: int, threaded: list[float], sharded: list[Any], model: _DayModel | None
) -> list[Row]:
    calendar, buyers = case.scenario.calendar, case.scale.buyers_count
    at = Setting("shards", buyers, case.scale.anchors_count, calendar.n_days, 1, count)
    threads = at.row("shards", f"{count} thread{'s' * (count > 1)}", "day_s", threaded)
    if not sharded:
        return [threads]
    day_s = [median(traffic.day_s[_WARM:]) for traffic in sharded]
    slots = calendar.n_days * len(calendar.slot_share)
    found = {
        "day_s": day_s,
        "overhead_share": [own / other - 1 for own, other in zip(day_s, threaded, strict=True)],
        "sums_per_slot": [traffic.sums / slots for traffic in sharded],
        "bytes_per_slot": [traffic.bytes_sent / slots for traffic in sharded],
        "sums_share": [traffic.waited_s / sum(traffic.day_s) for traffic in sharded],
        "resident_bytes": [float(traffic.peak_bytes) for traffic in sharded],
        "state_bytes_per_buyer": [float(Buyers.new(1, record_of(case.scenario)).bytes_each)],
    }
    if model is not None:
        found["modelled_day_s"] = [model.day_s(buyers, count, cpus_count())]
    goals = {"overhead_share": 0.15}
    return [
        threads,
        *(at.row("shards", f"{count} shards", measure, values, goals.get(measure))
          for measure, values in found.items()),
    ]  # fmt: skip

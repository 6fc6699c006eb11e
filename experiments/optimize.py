"""`python -m experiments.optimize`: search the policy space, then re-evaluate the best."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser

from engine.config import Tree, dump
from engine.errors import CombinedInputError, InputError
from engine.spec.optimize import OptimizeJob
from engine.units import FEN_PER_BN_RMB
from experiments._app import app
from experiments._found import comment_as_found, words_as_found
from experiments._job import check_outlives_job
from experiments._sources import observed_table

_GROUP: Final = "policy"
_TRIAL: Final = re.compile(r"trial-\d+\.yaml")


def optimize(job: OptimizeJob, folder: Path, config: Tree) -> None:
    """Search; leave `trials`, `rungs`, `learnt`, `frontier`, `runs`, `daily`, policies, a report.

    And `segments` and `anchors` of the policies that stand in the answer.
    """
    from engine import search
    from engine.compute import open_pool
    from engine.decision.weights import weighed_past
    from engine.report.terminal.analyses import print_search
    from engine.report.terminal.answer import print_answer
    from engine.report.terminal.policies import print_frontier
    from engine.results import Results, is_complete
    from engine.results.storage import open_folder
    from experiments._progress import ReportingPool, progress
    from experiments._runs import conclude, print_folder

    open_folder(folder).check_writable()
    _check_reached(job.storage)
    known = _known(job)
    work = (0, 0.0) if is_complete(folder, config) else _work(job)
    with (
        open_pool(job.ray, *work) as pool,
        progress(job.scenario.currency, threads=job.threads) as show,
    ):
        past = weighed_past(job, known, ReportingPool(pool, show, "past of the worlds"))
        outcome = search.optimize(
            job,
            folder,
            pool,
            lambda now: show(now.stage, now.done, now.total, now.best, now.left_s),
            past.weights.weights,
        )
        answered = _answered(
            job, outcome, ReportingPool(pool, show, "what levers bring, and leave"), past, known
        )
    # Only now: it clears what another study left, which the search refuses to go on with.
    results = Results(folder, config, job.seed)
    results.write_rows("trials", outcome.trials)
    results.write_rows("rungs", outcome.rungs)
    results.write_rows("learnt", outcome.lever_curves(_centres(job, outcome, answered)))
    results.write_rows("frontier", _frontier(outcome.frontier, answered))
    results.write_runs(outcome.results)
    for name in _shown(job, outcome, answered):
        results.write_details(outcome.detailed_results(name))
    for table, rows in answered.items():
        results.write_rows(table, rows)
    results.describe("usage", asdict(outcome.usage))
    words = words_as_found(job, config)
    results.describe("as_found", {"words": words})
    _write_policies(
        folder / "policy",
        {
            name: comment_as_found(job, words, name) + dump(policy)
            for name, policy in outcome.policies.items()
        },
    )
    console = conclude(results, folder)
    if answered:
        print_answer(answered, console)
    else:
        goal = job.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB
        print_frontier(outcome.frontier, console, goal)
        print_search(outcome.frontier, outcome.rungs, outcome.trials, console)
    for note in outcome.notes:
        print(f"Note: {note}.")
    if outcome.usage.runs_count:  # none are left where a finished search is asked again
        print(f"Workers: {outcome.usage.sentence()}.")
    print_folder(folder)


def _check_reached(storage: str | None) -> None:
    """Open the study's database once, so that one out of reach is told before anything else.

    Raises
    ------
    StorageError
        If it cannot be reached.
    """
    if storage is not None:
        from engine.search.checkpoint.shared_study import SharedStudy

        SharedStudy(storage, "reached").close()


def _known(job: OptimizeJob) -> list[Any]:
    """Read the figures that weigh the worlds; none where the job names no table of actuals."""
    if job.actuals is None:
        return []
    from engine.decision.weights import known_actuals

    return known_actuals(job, observed_table(job.actuals))


def _answered(
    job: OptimizeJob, outcome: Any, pool: Any, past: Any, known: Sequence[Any]
) -> dict[str, list[dict[str, Any]]]:
    """Price the targets, where it is said what is done today; no tables elsewhere."""
    if job.today is None:
        return {}
    from engine.decision.answer import Confirmed, answer
    from engine.decision.tables import answer_tables

    confirmed = Confirmed(outcome.policies, outcome.results, outcome.frontier)
    return answer_tables(answer(job, confirmed, pool, past), known)


def _frontier(
    rows: Sequence[dict[str, Any]], answered: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """The rows of `frontier`; where targets have a price, what is recommended follows from it."""
    if not answered:
        return list(rows)
    best = {row["policy"] for row in answered["price_of_target"] if row["is_recommended"]}
    return [row | {"is_recommended": row["policy"] in best} for row in rows]


def _shown(
    job: OptimizeJob, outcome: Any, answered: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[str]:
    """Return who stands in the answer: today's policy and the rows'; else the frontier."""
    known = {result.labels["policy"] for result in outcome.results}
    if answered:
        named = [job.today, *(row["policy"] for row in answered["price_of_target"])]
    else:
        named = [
            row["policy"]
            for row in outcome.frontier
            if row.get("is_baseline") or row.get("is_recommended") or row.get("on_frontier")
        ]
    return [str(name) for name in dict.fromkeys(named) if name in known]


def _centres(
    job: OptimizeJob, outcome: Any, answered: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[str]:
    """Return the policies around which levers may be told: today's, the recommended, the rows'."""
    prices = answered.get("price_of_target", ())
    rows = _frontier(outcome.frontier, answered)
    found = [job.today, *(row["policy"] for row in rows if row["is_recommended"])]
    return [name for name in (*found, *(row["policy"] for row in reversed(prices))) if name]


def check(job: OptimizeJob, overrides: Sequence[str]) -> None:
    """Refuse what cannot be searched, values for levers that are, and actuals of no use."""
    from engine import search

    _check_overrides(job, overrides)
    if job.storage is not None:
        check_outlives_job("storage", job.storage)
    search.check_search(job)
    _known(job)


def _check_overrides(job: OptimizeJob, overrides: Sequence[str]) -> None:
    """Refuse overrides such as `policy.price.cap=0.9` where `space` searches `price.cap`.

    Parameters
    ----------
    job : the job that they led to.
    overrides : what was typed.

    Raises
    ------
    InputError
        Naming the bounds that can be set instead.
    """
    given = [path for path in _given(overrides) if path in job.space.levers]
    if given:
        raise CombinedInputError([_is_searched(path, job) for path in given])


def _given(overrides: Sequence[str]) -> Iterator[str]:
    """Yield the paths below `policy` to which a value is given."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.key_or_group
        if key.startswith(f"{_GROUP}.") and not override.is_delete():
            yield from _value_paths(key.removeprefix(f"{_GROUP}."), override.value())


def _value_paths(path: str, value: Any) -> Iterator[str]:
    yield path
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _value_paths(f"{path}.{name}", entry)


def _is_searched(path: str, job: OptimizeJob) -> InputError:
    lever, where = job.space.levers[path], f"space.levers.{path}"
    if lever.choices is not None:
        what = f"is searched among {', '.join(map(str, lever.choices))}"
        remedy = f"change {where}.choices"
    else:
        low, high = lever.bounds
        what = f"is searched from {low:g} to {high:g}"
        remedy = f"move its bounds by {where}.low=... {where}.high=..."
    return InputError(
        f"{_GROUP}.{path}",
        f"{what}: a value of its own does nothing",
        f"levers that the space {job.space.name} does not search",
        f"{remedy}, or add ~{where} to fix it",
    )


def _work(job: OptimizeJob) -> tuple[int, float]:
    """Guess how many runs there are to simulate, and how many seconds one takes."""
    from engine.cases import seconds_of_run
    from engine.search import planned_runs

    plan = planned_runs(job)
    runs = sum(count for _, count in plan)
    days = job.objective.horizon_days
    seconds = sum(count * seconds_of_run(job, share, days) for share, count in plan)
    return runs, seconds / runs


def _write_policies(group: Path, policies: Mapping[str, str]) -> None:
    """Write a config group `policy`: the folder above it serves as `--config-dir`.

    Trials that a longer search left there are removed: the files are those of this result.
    """
    from engine.results.storage import open_folder

    folder = open_folder(group)
    folder.create()
    for name, policy in policies.items():
        folder.put(f"{name}.yaml", policy.encode())
    for file in folder.files():
        if _TRIAL.fullmatch(file) and file.removesuffix(".yaml") not in policies:
            folder.delete(file)


main = app(optimize, OptimizeJob, check)

if __name__ == "__main__":
    main()

"""`python -m experiments.optimize`: search the policy space, then re-evaluate the best."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.config import Tree, dump
from engine.spec.policy import Policy
from engine.spec.study import OptimizeJob
from experiments._app import app
from experiments._searched import check_overrides


def optimize(job: OptimizeJob, folder: Path, config: Tree) -> None:
    """Search; leave `trials`, `rungs`, `frontier`, `runs`, `daily`, policies, study, report."""
    from engine import search
    from engine.compute import open_pool
    from engine.report.terminal.analyses import print_choice, print_rungs
    from engine.report.terminal.policies import print_frontier
    from engine.results import Results, check_writable, is_complete
    from experiments._progress import progress
    from experiments._years import conclude, tell_folder

    check_writable(folder)
    work = (0, 0.0) if is_complete(folder, config) else _work(job)
    with open_pool(job.ray, *work) as pool, progress() as show:
        outcome = search.optimize(
            job, folder, pool, lambda now: show(now.stage, now.done, now.total, now.best)
        )
    # Only now: it clears what another study left, which the search refuses to go on with.
    results = Results(folder, config, job.seed)
    results.write_rows("trials", outcome.trials)
    results.write_rows("rungs", outcome.rungs)
    results.write_rows("frontier", outcome.frontier)
    results.write_years(outcome.years)
    _write_policies(folder / "policy", outcome.policies)
    console = conclude(results, folder)
    print_frontier(outcome.frontier, console)
    print_choice(outcome.frontier, console)
    print_rungs(outcome.rungs, outcome.trials, console)
    for note in outcome.notes:
        print(f"Note: {note}.")
    tell_folder(folder)


def check(job: OptimizeJob, overrides: Sequence[str]) -> None:
    """Refuse what cannot be searched, and values for levers that are."""
    from engine import search

    check_overrides(job, overrides)
    search.check_job(job)


def _work(job: OptimizeJob) -> tuple[int, float]:
    """Guess how many years there are to simulate, and how many seconds one takes."""
    from engine.cases import seconds_of_year
    from engine.search import planned_years

    plan = planned_years(job)
    years = sum(count for _, count in plan)
    seconds = sum(count * seconds_of_year(job, share) for share, count in plan)
    return years, seconds / years


def _write_policies(group: Path, policies: Mapping[str, Policy]) -> None:
    """Write a config group `policy`: the folder above it serves as `--config-dir`."""
    group.mkdir(exist_ok=True)
    for name, policy in policies.items():
        (group / f"{name}.yaml").write_text(dump(policy), encoding="utf-8")


main = app(optimize, OptimizeJob, check)

if __name__ == "__main__":
    main()

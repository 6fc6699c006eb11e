"""`python -m experiments.compare`: several policies under common random numbers."""

from pathlib import Path
from typing import Final

from engine.config import Tree
from engine.spec.jobs import CompareJob
from experiments._app import app

_MEASURES: Final = (
    "gmv_paid_fen",
    "gmv_fen",
    "net_gmv_fen",
    "orders_count",
    "subsidy_fen",
    "platform_contribution_fen",
    "target_attained",
    "top10_share",
    "brand_share",
    "return_share",
    "dau_change_share",
)
"""Columns of `runs` whose paired differences are reported."""


def compare(job: CompareJob, folder: Path, config: Tree) -> None:
    """Compare policies in pairs of runs; leave `comparison`, `runs` and the report."""
    from engine.claims import claim_rows
    from engine.compare import paired
    from engine.decision.value import run_off_notes, shown_values, value_cases, value_rows
    from engine.report.terminal.claims import print_claims
    from engine.report.terminal.policies import (
        print_comparison,
        print_elasticities,
        print_levers,
        print_runs,
    )
    from engine.results import read_table
    from experiments._runs import conclude, print_changes, print_folder, run_cases

    results, runs = run_cases(job, value_cases(job), folder, config, details=False)
    values = value_rows(job, job.baseline, runs)
    asked = job.experiment.measures if job.experiment else ()
    rows = paired(runs, job.baseline, tuple(dict.fromkeys((*_MEASURES, *asked))))
    results.write_rows("comparison", [*rows, *values])
    claims = claim_rows(job.experiment, runs) if job.experiment else []
    if claims:
        results.write_rows("claims", claims)
    console = conclude(results, folder)
    print_runs(runs, console)
    if job.one_at_a_time is None:
        print_comparison([*rows, *shown_values(values)], console)
        print_elasticities(read_table(folder, "monthly"), console)
    else:
        print_levers(rows, console)
    for note in run_off_notes(values):
        print(f"Note: {note}.")
    if job.experiment is not None:
        print_claims(job.experiment, claims, console)
    print_changes(folder, config)
    print_folder(folder)


main = app(compare, CompareJob)

if __name__ == "__main__":
    main()

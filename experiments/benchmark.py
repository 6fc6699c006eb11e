"""`python -m experiments.benchmark`: how fast and how small the market is."""

from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.spec.benchmark import BenchmarkJob
from experiments._app import app


def benchmark(job: BenchmarkJob, folder: Path, config: Tree) -> None:
    """Measure one suite; leave `benchmark`."""
    from engine.benchmark import run_suite
    from engine.report.terminal.analyses import print_benchmark
    from engine.report.terminal.console import ResultsConsole
    from engine.results import Results
    from experiments._progress import progress
    from experiments._runs import print_folder

    with progress() as show:
        rows = run_suite(job, lambda done, total, note: show("steps", done, total, note))
    results = Results(folder, config, job.seed)
    results.write_rows("benchmark", rows)
    results.finish()
    print_benchmark(rows, ResultsConsole(results.currency, results.words))
    print_folder(folder)


def _check(job: BenchmarkJob, _: Sequence[str]) -> None:
    """Refuse what cannot be measured here."""
    from engine.benchmark import check_suite

    check_suite(job)


main = app(benchmark, BenchmarkJob, _check)

if __name__ == "__main__":
    main()

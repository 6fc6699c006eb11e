"""`python -m experiments.benchmark`: how fast the market is simulated."""

from pathlib import Path

from engine.config import Tree
from engine.spec.study import BenchmarkJob
from experiments._app import app


def benchmark(job: BenchmarkJob, folder: Path, config: Tree) -> None:
    """Measure the kernel suite; leave `benchmark`."""
    from rich.console import Console

    from engine.benchmark import kernel_suite
    from engine.cases import cases
    from engine.report.console import print_benchmark
    from engine.results import Results
    from experiments._progress import progress
    from experiments._years import tell_folder

    total, done = len(job.populations) * (job.runs + 1), 0
    with progress() as show:

        def hear(buyers: int) -> None:
            nonlocal done
            done += 1
            show("runs", done, total, f"{buyers:,} buyers")

        rows = kernel_suite(cases(job, [job.policy])[0], job.populations, job.runs, hear)
    results = Results(folder, config, job.seed)
    results.write_rows("benchmark", rows)
    results.finish()
    print_benchmark(rows, Console())
    tell_folder(folder)


main = app(benchmark, BenchmarkJob)

if __name__ == "__main__":
    main()

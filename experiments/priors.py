"""`python -m experiments.priors`: where the demand priors come from, estimated anew."""

from pathlib import Path

from engine.config import Tree
from engine.spec.priors import PriorsJob
from experiments._app import app
from experiments._sources import CONF

FIGURES = CONF / "observed" / "priors_scanner_panels.csv"


def priors(job: PriorsJob, folder: Path, config: Tree) -> None:
    """Estimate what the installed panels allow; leave `priors`."""
    from engine.priors import prior_rows
    from engine.report.terminal.analyses import print_priors
    from engine.report.terminal.console import ResultsConsole
    from engine.results import Results
    from experiments._progress import progress
    from experiments._runs import print_folder

    with progress() as show:
        rows = prior_rows(
            FIGURES,
            job.draws,
            job.seed,
            lambda done, total, note: show("models", done, total, note),
        )
    results = Results(folder, config, job.seed)
    results.write_rows("priors", rows)
    results.finish()
    print_priors(rows, ResultsConsole(results.currency, results.words))
    print_folder(folder)


main = app(priors, PriorsJob)

if __name__ == "__main__":
    main()

"""`python -m experiments.calibrate`: fit the scenario's unknowns to observed figures."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from engine.config import Tree, dump
from engine.spec.calibration import CalibrateJob
from experiments._app import app
from experiments._sources import folders, observed_table


def calibrate(job: CalibrateJob, folder: Path, config: Tree) -> None:
    """Leave `calibration`, `answers`, the best world, the ensemble, the model card, the report."""
    from engine import calibrate as engine
    from engine.compute import open_pool
    from engine.report.markdown import write_model_card
    from engine.report.read.calibration import read_fit
    from engine.report.terminal.analyses import print_calibration
    from engine.results import Results
    from engine.results.storage import open_folder
    from experiments._progress import progress
    from experiments._runs import conclude, print_folder

    open_folder(folder).check_writable()
    figures = engine.read_figures(observed_table(job.figures), job.fit.tolerance)
    seasons = engine.read_seasons(observed_table(job.seasons))
    with (
        open_pool(job.ray, *_work(job)) as pool,
        progress(job.scenario.currency, threads=job.threads) as show,
    ):
        outcome = engine.calibrate(job, figures, folder, pool, show)
        answers = engine.answers(job, outcome.ensemble, pool, show)
    results = Results(folder, config, job.seed)
    rows = engine.with_yardsticks(outcome.rows, seasons)
    results.write_rows("calibration", rows)
    results.write_rows("answers", answers)
    places = engine.UnknownSpace(job.unknowns.ranges, job.scenario).places(outcome.best)
    scenario = engine.scenario_yaml(outcome.scenario, places, _scenario_text())
    _write(folder / "scenario" / f"{outcome.scenario.name}.yaml", scenario)
    _write(folder / "ensemble" / f"{outcome.ensemble.name}.yaml", dump(outcome.ensemble))
    console = conclude(results, folder)
    write_model_card(folder)
    print_calibration(read_fit(rows, config), answers, console)
    print_folder(folder)


def _check(job: CalibrateJob, overrides: Sequence[str]) -> None:  # noqa: ARG001  # all checks
    """Refuse a table, a range or an unknown that cannot be used."""
    from engine import calibrate as engine

    engine.check_calibration(job, observed_table(job.figures))
    engine.read_seasons(observed_table(job.seasons))


def _work(job: CalibrateJob) -> tuple[int, float]:
    """Guess how many runs there are to simulate, and how many seconds one takes."""
    from engine.cases import seconds_of_run

    fit = job.fit
    waves = sum(wave.points_count for wave in fit.waves) * job.replications
    runs = waves + fit.confirmed_count * fit.confirmed_replications
    probes = job.probes.days_count / job.scenario.calendar.days_simulated
    return runs, seconds_of_run(job) * (1 + probes)


def _scenario_text() -> str:
    """Return the file that the scenario was loaded from; nothing if it is no plain file."""
    runtime = HydraConfig.get().runtime
    name = f"scenario/{runtime.choices['scenario']}.yaml"
    places = [folder / name for folder in folders(runtime.config_sources)]
    found = next((place for place in places if place.is_file()), None)
    return found.read_text(encoding="utf-8") if found else ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


main = app(calibrate, CalibrateJob, _check)

if __name__ == "__main__":
    main()

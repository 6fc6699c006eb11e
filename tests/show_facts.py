"""The published figures as the default scenario shows them: `python -m tests.show_facts`.

Means over eight populations at scale=laptop, with their standard errors, read as
`experiments.calibrate` reads them: what README says of the calibrated world.
"""

from dataclasses import replace

import numpy as np
from hydra import compose, initialize_config_dir

from engine.calibrate import read_figures
from engine.calibrate.probe import probe_branches
from engine.calibrate.run_reader import RunReader
from engine.calibrate.targets import match_figures
from engine.cases import cases
from engine.config import load
from engine.market.run import simulate
from engine.spec.calibration import CalibrateJob
from tests.worlds import CONF

POPULATIONS = 8


def main() -> None:
    """Simulate the observed year in every population and print a line a figure."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = [f"replications={POPULATIONS}", "seed=2", "world_seed=101"]  # none that the fit saw
        job = load(compose("calibrate", words), CalibrateJob)
    figures = read_figures(str(CONF / "observed" / "kuaishou_2020.csv"), job.fit.tolerance)
    targets, _ = match_figures(figures, job.scenario.calendar, job.fit, job.probes)
    readings = []
    for case in cases(job, [job.policy]):
        year = simulate(replace(case, branches=probe_branches(case, job.probes)))
        reader = RunReader(case.scenario, year, job.probes)
        readings.append([target.measure.read(reader, target.days) for target in targets])
    means = np.mean(readings, axis=0)
    errors = np.std(readings, axis=0, ddof=1) / POPULATIONS**0.5
    for target, mean, error in zip(targets, means, errors, strict=True):
        seen = "" if target.observed is None else f"{target.observed:g}"
        name = f"{target.key}, {target.period} {target.measure.reading}".strip()
        print(f"{target.role:9}{name:58}{seen:>8}{mean:10.3f} +- {error:.3f}")


if __name__ == "__main__":
    main()

"""The published figures as a scenario shows them: `python -m tests.show_facts [scenario]`.

Means over eight populations at scale=laptop, with their standard errors, read as
`experiments.calibrate` reads them: what README says of the calibrated world.
"""

import sys
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

WORDS = {
    "kuaishou_2020": (),
    "pinduoduo_2019": (
        "scenario=pinduoduo_2019",
        "policy=pinduoduo_2019",
        "figures=pinduoduo_2019",
        "probes.dates=[2019-05-15]",
        "probes.voucher_date=null",
        "policy@policies.without_coupons=pinduoduo_2019",
        "~policy@policies.double_ten_billion",
        "~policy@policies.laissez_faire",
        "+policy@policies.ten_billion=pinduoduo_2019",
    ),
}
"""What `experiments.calibrate` is told for a scenario, by its name."""


def calibration(name: str, *words: str) -> CalibrateJob:
    """The job of a scenario, on seeds and populations that its fit has not seen."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        fresh = ["seed=2", "world_seed=101", *WORDS[name], *words]
        return load(compose("calibrate", fresh), CalibrateJob)


def main() -> None:
    """Simulate the observed year in every population and print a line a figure."""
    name = sys.argv[1] if len(sys.argv) > 1 else "kuaishou_2020"
    job = calibration(name, f"replications={POPULATIONS}", *sys.argv[2:])
    figures = read_figures(str(CONF / "observed" / f"{name}.csv"), job.fit.tolerance)
    targets, _ = match_figures(figures, job.scenario.calendar, job.fit, job.probes)
    readings = []
    for case in cases(job, [job.policy]):
        year = simulate(replace(case, branches=probe_branches(case, job.probes)))
        reader = RunReader(case.scenario, year, job.probes)
        readings.append([target.measure.read(reader, target.days) for target in targets])
    means = np.mean(readings, axis=0)
    errors = np.std(readings, axis=0, ddof=1) / len(readings) ** 0.5
    for target, mean, error in zip(targets, means, errors, strict=True):
        seen = "" if target.observed is None else f"{target.observed:g}"
        name = f"{target.key}, {target.period} {target.measure.reading}".strip()
        print(f"{target.role:9}{name:58}{seen:>8}{mean:10.3f} +- {error:.3f}")


if __name__ == "__main__":
    main()

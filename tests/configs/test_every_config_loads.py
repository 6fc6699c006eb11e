"""Every file in `conf/` becomes a validated object, whatever is chosen beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from engine.config import dump, load
from engine.spec.base import Spec
from engine.spec.benchmark import BenchmarkJob
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import CompareJob, Job, ReportJob, SimulateJob
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.priors import PriorsJob
from engine.spec.response import ResponseJob
from engine.spec.sensitivity import SensitivityJob
from engine.spec.trial import TrialJob
from engine.spec.worlds import worlds

CONF = Path(__file__).resolve().parents[2] / "conf"
JOBS: dict[str, type[Spec]] = {
    "simulate": SimulateJob,
    "compare": CompareJob,
    "optimize": OptimizeJob,
    "replan": OptimizeJob,
    "report": ReportJob,
    "ablate": SimulateJob,
    "calibrate": CalibrateJob,
    "benchmark": BenchmarkJob,
    "priors": PriorsJob,
    "sensitivity": SensitivityJob,
    "response": ResponseJob,
    "trial": TrialJob,
}
SHARED = {"base", "output"}
OPTIONS = sorted(
    (path.parent.name, path.stem)
    for path in CONF.glob("*/*.yaml")
    if path.parent.name != "experiment"  # whole jobs: test_experiments
)


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


PINDUODUO = ("question=pinduoduo_2019", "ensemble=single")


CALIBRATED = (
    "scenario=pinduoduo_2019",
    "policy=pinduoduo_2019",
    "policy@policies.without_coupons=pinduoduo_2019",
    "~policy@policies.double_ten_billion",
    "~policy@policies.laissez_faire",
    "+policy@policies.ten_billion=pinduoduo_2019",
)


def beside(option: str, command: str = "optimize") -> tuple[str, ...]:
    """What an option of a market with kinds of its own is composed with."""
    of_market = "pinduoduo" in option or option == "ten_billion"
    return (CALIBRATED if command == "calibrate" else PINDUODUO) if of_market else ()


def composed(command: str, *overrides: str) -> DictConfig:
    return compose(command, [*overrides, *(["folder=x"] if command == "report" else [])])


def test_every_primary_config_has_a_job() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} - SHARED == JOBS.keys()


@pytest.mark.parametrize("command", JOBS)
def test_the_defaults_of_every_command_load(command: str) -> None:
    load(composed(command), JOBS[command])


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_loads(group: str, option: str) -> None:
    command = {
        "unknowns": "calibrate",
        "fit": "calibrate",
        "indices": "sensitivity",
        "grid": "response",
    }.get(group, "optimize")
    job = load(composed(command, *beside(option, command), f"{group}={option}"), JOBS[command])
    assert isinstance(job, Job)
    worlds(job.scenario, job.ensemble)
    named = getattr(job, group, None)
    assert getattr(named, "name", option) == option


@pytest.mark.parametrize("scale", ["smoke", "laptop", "full"])
@pytest.mark.parametrize(
    "command", ["simulate", "compare", "optimize", "replan", "sensitivity", "response", "trial"]
)
def test_every_command_loads_at_every_scale(command: str, scale: str) -> None:
    load(composed(command, f"scale={scale}"), JOBS[command])


@pytest.mark.parametrize(("group", "needed"), [
    ("scale", {"smoke", "laptop", "full"}),
    ("search", {"tpe", "nsga2", "nsga3", "cmaes", "gp", "gp_torch", "qmc", "random"}),
    ("ray", {"local", "cluster"}),
    ("question", {"june_2020", "october_2020", "year_2020", "pinduoduo_2019"}),
    ("policy", {"laissez_faire", "h1_2020", "double_ten_billion"}),
    ("scenario", {"kuaishou_2020", "pinduoduo_2019"}),
])  # fmt: skip
def test_the_promised_options_are_there(group: str, needed: set[str]) -> None:
    assert needed <= {option for name, option in OPTIONS if name == group}


def test_a_small_market_gets_a_short_search() -> None:
    smoke = load(composed("optimize", "scale=smoke"), OptimizeJob)
    laptop = load(composed("optimize"), OptimizeJob)
    long = load(composed("optimize", "scale=smoke", "effort=laptop"), OptimizeJob)
    assert smoke.search.trials_count < laptop.search.trials_count == long.search.trials_count


def test_a_question_asked_again_starts_from_what_is_left_of_the_purses() -> None:
    words = ("baselines.today.subsidy.budget_bn_rmb=0.7", "decision_date=2020-11-01")
    job = load(composed("replan", *words), OptimizeJob)
    assert job.baselines["today"].subsidy.budget_bn_rmb == 0.7
    assert job.policy.subsidy.budget_bn_rmb == 0.7
    assert str(job.decision_date) == "2020-11-01"
    assert job.search.trials_count < load(composed("optimize"), OptimizeJob).search.trials_count


def test_misses_are_measured_alike_by_actuals_and_by_a_calibration() -> None:
    fit = load(composed("calibrate"), CalibrateJob).fit
    asked = load(composed("optimize"), OptimizeJob).accuracy
    assert asked is not None
    assert asked.model_dump() == {name: fit.model_dump()[name] for name in type(asked).model_fields}


def test_replications_of_the_search_follow_the_top_level_key() -> None:
    job = load(composed("optimize", "replications=7"), OptimizeJob)
    assert job.search.rungs[-1].replications == job.replications == 7


def test_every_searched_lever_is_a_key_of_the_policy_with_bounds_it_allows() -> None:
    cfg = composed("optimize")
    for path, bounds in load(cfg, OptimizeJob).space.levers.items():
        for value in (bounds.low, bounds.high):
            load(composed("optimize", f"policy.{path}={value}"), OptimizeJob)


def test_bounds_of_a_lever_can_be_typed_on_the_command_line() -> None:
    job = load(composed("optimize", "space.levers.price.cap.low=0.7"), OptimizeJob)
    assert job.space.levers["price.cap"].low == 0.7


@pytest.mark.parametrize("option", sorted(option for group, option in OPTIONS if group == "policy"))
def test_a_policy_survives_being_written_and_read(option: str, tmp_path: Path) -> None:
    cfg = composed("optimize", *beside(option), f"policy={option}")
    policy = load(cfg, OptimizeJob).policy
    (tmp_path / "again.yaml").write_text(dump(policy))
    again = OmegaConf.load(tmp_path / "again.yaml")
    assert isinstance(again, DictConfig)
    assert load(again, Policy) == policy

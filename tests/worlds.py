"""Cases for tests, made as a user makes them: by configuration alone."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir

from engine.case import Case
from engine.config import load
from engine.spec.jobs import SimulateJob

CONF = Path(__file__).parents[1] / "conf"

PLAIN = (
    # Everybody looks at every stream, whoever shows it, and everybody is alike.
    "scenario.attention.base=1",
    "scenario.attention.private=1",
    "scenario.attention.public=1",
    "scenario.attention.fatigue=0",
    "scenario.attention.crowding=0",
    "scenario.attention.variety=0",
    "scenario.attention.need_days={apparel:0,food:0,beauty:0,household:0,appliances:0,phones:0}",
    "scenario.calendar.demand_season=[1,1,1,1,1,1,1,1,1,1,1,1]",
    "scenario.calendar.festivals=[]",
    "scenario.calendar.absences=[]",
    "scenario.calendar.trial_streams=[]",
    "scenario.calendar.rival_campaigns=[]",
    "scenario.shocks.week_sd=0",
    "scenario.shocks.month_sd=0",
    "scenario.buyers.sensitivity_log_sd=0",
    "scenario.buyers.sensitivity={tier12:1,tier3:1}",
    "scenario.buyers.monthly_budget_rmb={tier12:20000,tier3:20000}",
    "scenario.buyers.budget_log_sd=0",
    "scenario.buyers.wallet_level=1",
    "scenario.buyers.initial_wallet=1",
    "scenario.choice.nest=1",
    "scenario.attention.habit=0",
    "scenario.choice.affinity=0",
    "scenario.choice.impulse=0",
    "scenario.choice.quality=0",
    "scenario.choice.brand=0",
    "scenario.choice.habit=0",
    "scenario.choice.memory_weight=0",
)
"""Overrides that leave a plain multinomial logit on the price alone."""


@cache
def job(*overrides: str) -> SimulateJob:
    """The job of `experiments.simulate` with `overrides`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("simulate", list(overrides)), SimulateJob)


def case(*overrides: str, days: int = 366, run_seed: int = 1, threads: int = 1) -> Case:
    """One year, or its first `days`, at scale=smoke unless overridden."""
    asked = job("scale=smoke", *overrides)
    calendar = asked.scenario.calendar
    last = min(days, calendar.n_days) - 1
    end = calendar.start.fromordinal(calendar.start.toordinal() + last)
    shorter = calendar.model_copy(update={"end": end})
    return Case(
        scenario=asked.scenario.model_copy(update={"calendar": shorter}),
        policy=asked.policy,
        scale=asked.scale,
        world_seed=asked.world_seed,
        run_seed=run_seed,
        threads=threads,
    )


def with_run_seed(one: Case, run_seed: int) -> Case:
    """The same case under another run seed."""
    return replace(one, run_seed=run_seed)

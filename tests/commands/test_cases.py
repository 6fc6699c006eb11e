"""Small inputs that failed once, each with its right value."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hydra import compose, initialize_config_dir

from engine.calibrate.identify import FEW
from engine.checks import check_job
from engine.config import load
from engine.report.findings.calibration import _unknowns
from engine.spec.optimize import OptimizeJob
from experiments.optimize import _write_policies
from tests import fakes
from tests.worlds import CONF, job

SMALL = ("scale=smoke", "ray.backend=process")


@pytest.mark.parametrize("kept", [1, 2, FEW - 1])
def test_few_worlds_say_nothing_of_which_unknowns_are_pinned_down(kept: int) -> None:
    unknown = SimpleNamespace(name="choice.price", ratio=0.1, crowded="")
    said = _unknowns(SimpleNamespace(kept_count=kept, unknowns=[unknown]))  # type: ignore[arg-type]
    assert "too few to say which unknowns" in said
    assert "choice.price" not in said
    said = _unknowns(SimpleNamespace(kept_count=FEW, unknowns=[unknown]))  # type: ignore[arg-type]
    assert "Pinned down to less than half of their range: choice.price" in said


@pytest.mark.parametrize("lever", [
    "subsidy.budget_bn_rmb", "subsidy.partner_budget_bn_rmb", "target.coupon_push",
])  # fmt: skip
def test_a_purse_by_date_is_refused_with_how_it_is_changed(type_in, lever: str) -> None:
    dated = f"policy.{lever}={{2020-01-01:1,2020-06-16:3}}"
    ended = type_in("simulate", *SMALL, dated)
    assert ended.status == 2
    assert f"policy.{lever}" in ended.err
    for word in ("policy@history=NAME", "decision_date=2020-06-16", f"policy.{lever}=3"):
        assert word in ended.err
    assert ended.files == set()


def test_a_purse_changes_at_a_date_as_the_refusal_says() -> None:
    asked = job(*SMALL, "policy@history=h1_2020", "decision_date=2020-06-16",
                "policy.subsidy.budget_bn_rmb=3", "policy.target.revisions=[]")  # fmt: skip
    check_job(asked)
    assert asked.history is not None
    assert (asked.history.subsidy.budget_bn_rmb, asked.policy.subsidy.budget_bn_rmb) == (4, 3)


@pytest.mark.parametrize("more", [{}, {"trajectory": False}])
def test_a_space_without_a_trajectory_is_not_asked_for_its_knots(
    tmp_path: Path, more: dict[str, bool]
) -> None:
    space = {"name": "mine", "levers": {"price": {"cap": {"low": 0.7, "high": 1.0}}}} | more
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "mine.yaml").write_text(yaml.safe_dump(space))
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["space=mine", f"hydra.searchpath=[file://{tmp_path}]"]
        found = load(compose("optimize", words), OptimizeJob).space
    assert not found.trajectory
    assert set(found.levers) == {"price.cap"}


def test_only_the_policies_of_this_result_stay_among_the_files(tmp_path: Path) -> None:
    group, policy = tmp_path / "policy", "name: any"
    _write_policies(group, dict.fromkeys(("h1_2020", "trial-3", "trial-13"), policy))
    (group / "mine.yaml").write_text("mine")
    _write_policies(group, dict.fromkeys(("h1_2020", "trial-3"), policy))
    assert sorted(path.name for path in group.iterdir()) == [
        "h1_2020.yaml", "mine.yaml", "trial-3.yaml",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_search_that_was_extended_and_asked_for_less_again(
    type_in, place: Path, market_of
) -> None:
    market_of(fakes.simulate_fake)
    words = (*SMALL, "question=year_2020", "search.finalists_count=2")
    for out, counts in {"out": (10, 14, 10), "whole": (10,)}.items():
        for count in counts:
            ended = type_in("optimize", *words, f"search.trials_count={count}",
                            f"hydra.run.dir={out}")  # fmt: skip
            assert ended.status == 0, ended.err
    names = [{path.name for path in (place / out / "policy").iterdir()} for out in ("out", "whole")]
    assert names[0] == names[1]

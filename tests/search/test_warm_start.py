"""No policy that an earlier search knew is missed by the next."""

from pathlib import Path

import numpy as np
import pytest

from engine.compute.pool import ProcessPool
from engine.config import dump
from engine.decision.answer import Confirmed, answer
from engine.decision.weights import weighed_past
from engine.errors import InputError
from engine.search import check_search
from engine.search.space.policy_space import PolicySpace
from engine.spec.levers import set_levers
from engine.spec.policy import Policy
from tests.fakes import simulate_fake, small_policy
from tests.kinds import LEVERS
from tests.search.jobs import GOALS, run, small_job


def folder_of(folder: Path, *policies: Policy) -> str:
    """The output folder of an earlier search, as far as it is read."""
    (folder / "policy").mkdir(parents=True)
    (folder / "study.journal").write_text("")
    for policy in policies:
        (folder / "policy" / f"{policy.name}.yaml").write_text(dump(policy))
    return str(folder)


def job_of(**changes):  # type: ignore[no-untyped-def]
    """Coupons sell, but none of a rate that the space holds is as cheap as the planted one."""
    levers = {"subsidy.rate.source": {"low": 0.3, "high": 0.4}}
    space = {"name": "few", "levers": levers, "trajectory": False, "trajectory_knots_count": 3}
    return small_job(
        today="held",
        reach_probability=0.5,
        targets_bn_rmb=(280.0,),
        objective={"name": "two", "goals": GOALS},
        space=space,
        baselines={"held": small_policy("held", 0.1)},
        search={"trials_count": 8, "polish_count": 2},
        **changes,
    )


def test_a_cheaper_policy_of_an_earlier_search_is_the_rows(tmp_path: Path) -> None:
    planted = small_policy("trial-3", 0.2)  # outside of the space
    earlier = folder_of(tmp_path / "earlier", planted)
    cost = {}
    for name, job in {"cold": job_of(), "warm": job_of(warm_start=earlier)}.items():
        found = run(job, tmp_path / name)
        confirmed = Confirmed(found.policies, found.results, found.frontier)
        pool = ProcessPool(simulate_fake)
        told = answer(job, confirmed, pool, weighed_past(job, [], pool))
        (row,) = told.rows
        assert row.policy is not None
        cost[name] = row.cost.value
    assert cost["warm"] < cost["cold"]
    assert told.names["earlier-trial-3"] == row.policy
    assert found.policies["earlier-trial-3"].subsidy == planted.subsidy
    nearest = found.trials[2]  # after today's and the planted one
    assert nearest["lever.subsidy.rate.source"] == pytest.approx(0.3)
    counts = {row["policy"]: row["runs_count"] for row in found.frontier}
    assert counts["earlier-trial-3"] == max(counts.values())


def test_what_is_given_anyway_is_not_given_twice(tmp_path: Path) -> None:
    earlier = folder_of(tmp_path / "earlier", small_policy("anything", 0.1))
    found = run(job_of(warm_start=earlier), tmp_path / "warm")
    assert [row["policy"] for row in found.trials if row["is_baseline"]] == ["held"]


def test_a_folder_that_is_no_search_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="warm_start"):
        check_search(job_of(warm_start=str(tmp_path)))


def test_a_trajectory_is_found_again_as_weights() -> None:
    job = small_job()
    space = PolicySpace(job.space, job.policy, LEVERS)
    point = space.off_point() | {
        f"trajectory.weight_{k + 1}": z for k, z in enumerate((-1, 0.2, 1))
    }
    policy = space.policy(point, "bent")
    found = space.point_of(policy)
    assert found is not None
    weights = np.array([found[f"trajectory.weight_{k + 1}"] for k in range(3)])
    assert np.diff(weights) == pytest.approx([1.2, 0.8])
    assert space.policy(found, "bent").target.knots == pytest.approx(policy.target.knots)
    knots = (0.1, 0.2, *policy.target.knots[2:])
    odd = set_levers(policy, {"target.knots": tuple(sorted(knots))}, "odd")
    assert space.point_of(odd) is None
    assert set(space.nearest_point(odd)) == set(space.distributions)

"""Every named experiment loads, runs small, and shows what it claims."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from pydantic import ValidationError

from engine.case import RunResult
from engine.cases import cases
from engine.claims import claim_rows
from engine.compute.pool import ProcessPool
from engine.config import load
from engine.errors import InputError
from engine.results.writer import _table_of_rows
from engine.spec.experiment import Experiment
from engine.spec.jobs import CompareJob

CONF = Path(__file__).resolve().parents[2] / "conf"
NAMES = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))
QUESTIONS = {
    "brands_or_source_goods",
    "cap_or_no_cap",
    "closed_loop",
    "head_anchor_leaves",
    "inclusive_floor",
    "open_library",
    "rival_answers",
    "target_early_or_late",
}


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def job(name: str, *words: str) -> CompareJob:
    return load(compose("compare", [f"+experiment={name}", *words]), CompareJob)


def test_the_questions_of_the_article_are_there() -> None:
    assert set(NAMES) >= QUESTIONS


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_says_at_its_head_what_it_asks_and_how_to_run_it(name: str) -> None:
    text = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    for words in (f"compare +experiment={name}\n", "# Question: ", "# Claim: ", "# Look at: "):
        assert words in text
    asked = job(name)
    assert asked.experiment is not None
    assert asked.experiment.claims
    assert asked.replications == 16  # as every comparison
    assert asked.experiment.scenario == asked.scenario.name
    assert set(asked.policies) <= {
        term.partition("@")[0] for claim in asked.experiment.claims.values() for term in claim.terms
    } | {asked.baseline}
    named = {
        term.partition("@")[2]
        for claim in asked.experiment.claims.values()
        for term in claim.terms
        if "@" in term
    }
    assert not named or named == set(asked.ensemble.worlds)  # none is simulated for nothing


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_an_experiment_claims_shows_at_a_small_scale(name: str) -> None:
    asked = job(name, "scale=smoke", "replications=4")
    assert asked.experiment is not None
    years = list(ProcessPool().run(cases(asked, asked.compared().values())))
    rows = claim_rows(asked.experiment, years)
    _table_of_rows("claims", rows)
    assert {row["claim"]: row["verdict"] for row in rows} == dict.fromkeys(
        asked.experiment.claims, "holds"
    )


def experiment(**changes: Any) -> Experiment:
    claim = {"says": "a sells more", "measure": "gmv_paid_fen", "expect": "above"}
    claim |= {"terms": {"a": 1, "b": -1}} | changes
    return Experiment.model_validate({"question": "?", "look_at": ".", "claims": {"one": claim}})


def years(a: list[float], b: list[float], world: str = "base") -> list[RunResult]:
    found = []
    for policy, values in (("a", a), ("b", b)):
        for number, value in enumerate(values):
            labels = {"policy": policy, "world": world, "replication": number, "population": number}
            found.append(RunResult(labels, {"gmv_paid_fen": value}, {}, {}, {}, {}))
    return found


@pytest.mark.parametrize(("expect", "a", "verdict"), [
    ("above", [12, 13, 12], "holds"),
    ("above", [8, 7, 8], "does not hold"),
    ("above", [12, 2, 12], "undecided"),
    ("below", [8, 7, 8], "holds"),
    ("below", [12, 13, 12], "does not hold"),
    ("above", [12], "undecided"),
])  # fmt: skip
def test_a_claim_holds_where_its_whole_interval_lies(
    expect: str, a: list[float], verdict: str
) -> None:
    (row,) = claim_rows(experiment(expect=expect), years(a, [10.0] * len(a)))
    assert row["verdict"] == verdict
    assert row["value"] == pytest.approx(sum(a) / len(a) - 10)


@pytest.mark.parametrize(
    ("within", "verdict"), [(9, "holds"), (1, "undecided"), (0.5, "undecided")]
)
def test_nil_is_what_lies_within_so_much(within: float, verdict: str) -> None:
    asked = experiment(expect="nil", within=within)
    (row,) = claim_rows(asked, years([11, 9, 10, 11], [10] * 4))
    assert row["verdict"] == verdict


def test_a_difference_of_differences_is_taken_world_by_world() -> None:
    weights = {"a@hard": 1, "b@hard": -1, "a@mild": -1, "b@mild": 1}
    met = [*years([5, 6, 7], [1, 2, 3], "hard"), *years([9, 9, 9], [8, 8, 8], "mild")]
    (row,) = claim_rows(experiment(terms=weights), met)
    assert row["value"] == pytest.approx(4 - 1)
    assert row["units_count"] == 3
    assert row["verdict"] == "holds"


@pytest.mark.parametrize(("changes", "words"), [
    ({"terms": {"a": 1, "b": 1}}, "do not add up to 0"),
    ({"measure": "gmv_payed_fen"}, "is not measured"),
    ({"expect": "nil"}, "needs `within`"),
    ({"within": 1.0}, "takes no `within`"),
])  # fmt: skip
def test_a_claim_that_says_nothing_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        experiment(**changes)


def test_a_claim_on_a_policy_that_is_not_there_is_refused() -> None:
    terms = "experiment.claims.less_unequal.terms"
    with pytest.raises(InputError, match="speaks of 'nofloor'"):
        job("inclusive_floor", f"{terms}.no_floor=-2", f"+{terms}.nofloor=1")

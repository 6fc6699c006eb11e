"""A config folder of somebody else holds options of groups, and runs nothing."""

from pathlib import Path

import pytest

MARK = "ran"

EVIL = {
    "callbacks": (
        "policy/x",
        "# @package _global_\nhydra:\n  callbacks:\n    x: {{_target_: {t}}}\n",
    ),
    "package": ("policy/x", "# @package hydra.callbacks.x\n_target_: {t}\n"),
    "deep package": ("policy/x", "# @package _global_.hydra.callbacks.x\n_target_: {t}\n"),
    "launcher": ("policy/x", "defaults:\n  - override /hydra/launcher: y\n  - _self_\nname: x\n"),
    "another group": ("policy/x", "defaults:\n  - /policy@hydra.callbacks.x: y\nname: x\n"),
    "logging": ("policy/x", "defaults:\n  - override /hydra/job_logging: y\nname: x\n"),
    "target": ("policy/x", "defaults: [h1_2020]\nsubsidy: {{_target_: {t}}}\n"),
    "environment": ("policy/x", "defaults: [h1_2020]\nname: ${{oc.env:HOME}}\n"),
    "group of Hydra's": ("hydra/job_logging/stdout", "version: 1\n"),
    "primary config": ("simulate", "defaults: [base]\nseed: 1\n"),
    "shared config": ("base", "seed: 1\n"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_a_foreign_file_reaches_nothing_that_could_run(type_in, place: Path, kind: str) -> None:
    name, text = EVIL[kind]
    path = place / "theirs" / f"{name}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text.format(t="tests.commands.evil.Evil"), encoding="utf-8")
    before = {str(one.relative_to(place)) for one in place.rglob("*") if one.is_file()}
    words = ["policy=x"] if name.startswith("policy") else []
    ended = type_in("simulate", "--config-dir", "theirs", *words, "scale=smoke")
    assert ended.status == 2, ended.out
    assert str(path) in ended.err
    assert "remedy" in ended.err
    assert "Traceback" not in ended.err
    assert {name for name in ended.files if not name.startswith("theirs/")} == set()
    assert before <= ended.files


def test_a_mistake_in_a_file_names_it_and_its_line(type_in, place: Path) -> None:
    for group in ("policy", "scenario"):
        (place / "mine" / group).mkdir(parents=True)
    (place / "mine/policy/one.yaml").write_text("defaults: [two]\nname: one\n", encoding="utf-8")
    text = "defaults: [h1_2020]\nname: two\nprize:\n  cap: 0.9\n"
    (place / "mine/policy/two.yaml").write_text(text, encoding="utf-8")
    text = "defaults: [kuaishou_2020]\nname: own\nreturns:\n  base: 1.5\n"
    (place / "mine/scenario/own.yaml").write_text(text, encoding="utf-8")
    words = ("--config-dir", "mine", "policy=one", "scenario=own")
    ended = type_in("simulate", *words)
    assert ended.status == 2
    assert f"policy.prize: unknown key, in {place}/mine/policy/two.yaml, line 3\n" in ended.err
    assert f"returns.base: got 1.5, in {place}/mine/scenario/own.yaml, line 4\n" in ended.err
    assert "there: set it within the range, e.g. base: 1\n" in ended.err
    ended = type_in("simulate", *words, "scenario.returns.base=1.6")  # typed: of no file
    assert "scenario.returns.base: got 1.6\n" in ended.err
    ended = type_in("compare", *words[:2], "+policy@policies.mine=one")
    assert f"policies.mine.prize: unknown key, in {place}/mine/policy/two.yaml" in ended.err


def test_a_pickle_is_not_rerun(type_in) -> None:
    ended = type_in("simulate", "--experimental-rerun", "theirs.pickle")
    assert ended.status == 2
    assert "--experimental-rerun" in ended.err


def test_a_policy_that_builds_on_another_is_enough(type_in, place: Path) -> None:
    (place / "mine/policy").mkdir(parents=True)
    text = "name: one\nsubsidy: {budget_bn_rmb: 3}\n"
    (place / "mine/policy/one.yaml").write_text(text, encoding="utf-8")
    (place / "mine/policy/two.yaml").write_text(f"defaults: [h1_2020]\n{text}", encoding="utf-8")
    ended = type_in("simulate", "--config-dir", "mine", "policy=one")
    assert ended.status == 2
    assert "values are missing" in ended.err
    assert "`defaults: [h1_2020]`" in ended.err
    assert len(ended.err.splitlines()) < 6
    whole = type_in("simulate", "--config-dir", "mine", "policy=two", "--cfg", "job")
    assert whole.status == 0
    assert "budget_bn_rmb: 3" in whole.out

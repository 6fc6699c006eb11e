"""`experiments.trial` from its words to its page, on the fake market, and what it refuses."""

from pathlib import Path

import pytest

from engine.results import read_table
from engine.results.typed import note_typed
from tests import fakes
from tests.commands.conftest import left_in

SMALL = ("scale=smoke", "ray.backend=process", "hydra.run.dir=out")


def test_the_command_leaves_its_table_and_page(type_in, place: Path, market_of) -> None:
    market_of(fakes.simulate_fake)
    ended = type_in("trial", *SMALL, "replications=4", "days=28", "start=2020-03-02",
                    "draws_count=20")  # fmt: skip
    assert ended.status == 0, ended.err
    rows = read_table(place / "out", "trial").to_pylist()
    assert {row["design"] for row in rows} == {"switchback", "before_after", "markets"}
    assert {row["measure"] for row in rows} == {
        "gmv_paid_fen", "orders_count", "platform_contribution_fen",
    }  # fmt: skip
    assert all(row["estimate"] - row["truth"] == pytest.approx(row["bias"]) for row in rows)
    assert all(row["truth_half_width"] >= row["truth_se"] >= 0 for row in rows)
    assert {row["tests_count"] for row in rows if row["design"] == "markets"} == {20}
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "What a test would say" in page
    assert "Note: subsidy.budget_bn_rmb" in ended.out
    assert ended.out.startswith("Tried: double_ten_billion, against h1_2020.\n")
    assert "Tests of double_ten_billion against h1_2020, 28 days from 2020-03-02" in page
    said = " ".join(ended.out.split())
    assert "What tests of double_ten_billion against h1_2020 would say" in said


def test_a_policy_against_itself_changed_is_told_by_its_change(type_in, market_of) -> None:
    market_of(fakes.simulate_fake)
    ended = type_in("trial", *SMALL, "replications=4", "days=28", "start=2020-03-02",
                    "policy=h1_2020", "control.subsidy.rate.source=0.2",
                    "draws_count=20")  # fmt: skip
    assert ended.status == 0, ended.err
    assert "h1_2020, changed: subsidy.rate.source=0.2." in ended.out
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "changed: subsidy.rate.source=0.2." in page


@pytest.mark.parametrize(("words", "said"), [
    (["start=2020-12-20"], "do not lie within the horizon"),
    (["start=2020-02-01"], "days before the test"),
    (["days=30"], "pairs of periods"),
    (["washout_days=7"], "leave nothing of a period"),
    (["measures=[gmv]"], "is no amount of a day"),
    (["policy=h1_2020"], "in no lever that can be switched"),
])  # fmt: skip
def test_what_is_no_test_is_refused(type_in, words: list[str], said: str) -> None:
    ended = type_in("trial", "scale=smoke", *words)
    assert ended.status == 2
    assert said in " ".join(ended.err.split())
    assert ended.files == set()


def test_a_folder_without_found_policies_is_refused(type_in, place: Path, market_of) -> None:
    """The policies that are usual would be tried in their place."""
    market_of(fakes.simulate_fake)
    stopped = place / "stopped"
    (stopped / ".hydra").mkdir(parents=True)
    (stopped / "study.journal").write_text("")
    note_typed(stopped, "optimize", ["scale=smoke"])
    before = left_in(place)
    ended = type_in("trial", "stopped", "scale=smoke")
    said = " ".join(ended.err.split())
    assert ended.status == 2
    assert "FOLDER: stopped holds no finished search" in said
    assert "python -m experiments.optimize scale=smoke hydra.run.dir=stopped" in said
    assert ended.files == before
    (place / "other").mkdir()
    ended = type_in("trial", "other", "scale=smoke")
    assert ended.status == 2
    assert "give another, or leave it out" in " ".join(ended.err.split())

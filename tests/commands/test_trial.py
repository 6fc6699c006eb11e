"""`experiments.trial` from its words to its page, on the fake market, and what it refuses."""

from pathlib import Path

import pytest

from engine.results import read_table
from tests import fakes

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
    assert {row["tests_count"] for row in rows if row["design"] == "markets"} == {20}
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "What a test would say" in page
    assert "Note: subsidy.budget_bn_rmb" in ended.out


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

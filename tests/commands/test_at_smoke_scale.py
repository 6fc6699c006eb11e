"""The commands as a user types them, on the real engine, at scale=smoke."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.results import list_tables, read_table

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PRICED = ("price_of_target", "attribution")
"""Tables of a job that prices targets."""


def typed(place: Path, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"experiments.{command}", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("command", "tables"), [
    ("simulate", {"runs", "daily", "segments", "anchors", "published"}),
    ("compare", {"comparison", "runs"}),
    ("optimize ensemble=single", {"trials", "frontier", "plan", "value", *PRICED}),
    ("optimize question=year_2020", {"trials", "rungs", "frontier", "runs", "daily"}),
    ("optimize question=pinduoduo_2019 ensemble=single", {"trials", "plan", *PRICED}),
    ("replan effort=smoke ensemble=single", {"frontier", "plan", "weights", *PRICED}),
    ("sensitivity", {"sensitivity"}),
    ("response levers=[traffic.commercial_load,subsidy.rate]", {"response", "runs"}),
])  # fmt: skip
def test_the_command_does_its_work(command: str, tables: set[str], place: Path, type_in) -> None:
    done = typed(place, *command.split(), "scale=smoke", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    assert tables <= set(list_tables(place / "out"))
    page = place / "out" / "report.html"
    assert page.stat().st_size > 1000
    assert f"Results: {place}/out on host " in done.stdout
    page.unlink()
    rebuilt = type_in("report", "folder=out")
    assert rebuilt.status == 0, rebuilt.err
    assert page.exists()


def test_a_calibration_leaves_what_other_commands_take(place: Path, type_in) -> None:
    done = typed(place, "calibrate", "scale=smoke", "replications=1", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    assert set(list_tables(place / "out")) == {"answers", "calibration"}
    assert (place / "out" / "model_card.md").exists()
    takes = ("scenario=kuaishou_2020_calibrated", "ensemble=kuaishou_2020_plausible")
    again = ("--config-dir", "out", *takes, "replications=1", "hydra.run.dir=year")
    done = typed(place, "simulate", "scale=smoke", *again)
    assert done.returncode == 0, done.stderr
    rebuilt = type_in("report", "folder=out")
    assert rebuilt.status == 0, rebuilt.err


def test_a_market_of_one_s_own_keeps_the_share_of_sales_that_was_given(place: Path) -> None:
    done = typed(place, "init", "mine", "users_million=30", "order_value=150", "take_share=0.03")
    assert done.returncode == 0, done.stderr
    words = ("--config-dir", "mine", "scale=smoke", "replications=4", "hydra.run.dir=out")
    done = typed(place, "simulate", *words)
    assert done.returncode == 0, done.stderr
    found = read_table(place / "out", "runs")["take_share"].to_pylist()
    assert sum(found) / 4 == pytest.approx(0.03, rel=0.06)


def test_a_sweep_leaves_a_folder_for_each_value(tmp_path: Path) -> None:
    sweep = ("-m", "policy.subsidy.rate.source=0,0.1", "hydra.sweep.dir=out", "replications=1")
    done = typed(tmp_path, "simulate", "scale=smoke", *sweep)
    assert done.returncode == 0, done.stderr
    assert sorted(path.parent.name for path in tmp_path.glob("out/*/runs.parquet")) == ["0", "1"]


def test_an_unreachable_cluster_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = typed(tmp_path, "simulate", "scale=smoke", "ray=cluster", "ray.address=127.0.0.1:1")
    assert done.returncode == 1, done.stderr
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []

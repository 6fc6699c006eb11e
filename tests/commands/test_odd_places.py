"""Folders whose names mislead, and a folder that is gone: one message."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests import fakes
from tests.commands.processes import ROOT

SMALL = ("scale=smoke", "replications=1", "ray.backend=process")


@pytest.mark.parametrize("folder", [
    "http://bucket/run", "abfs://bucket/run", "s3://bucket", "file://elsewhere/tmp/run",
    "'back\\slash'", "a" * 300, "b/" + "é" * 150,
])  # fmt: skip
def test_a_folder_s_name_is_one_that_holds_results(type_in, folder: str) -> None:
    ended = type_in("simulate", *SMALL, f"hydra.run.dir={folder}")
    assert ended.status == 2, ended.out
    assert "hydra.run.dir" in ended.err
    assert ended.files == set()


def test_a_file_address_is_a_folder_here(type_in, place: Path, market_of) -> None:
    market_of(fakes.simulate_fake)
    ended = type_in("simulate", *SMALL, f"hydra.run.dir=file://{place}/out")
    assert ended.status == 0, ended.err
    assert (place / "out" / "manifest.json").exists()
    assert f"Results: {place}/out on host {platform.node()}" in ended.out


@pytest.mark.parametrize("command", ["simulate", "init"])
def test_a_command_started_in_a_folder_that_is_gone(tmp_path: Path, command: str) -> None:
    script = (
        f"import os, sys; from experiments import {command}; os.mkdir('gone'); os.chdir('gone');"
        f"os.rmdir('../gone'); sys.argv = ['{command}']; {command}.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "is gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_and_currencies_are_shown_as_they_are(type_in, place: Path, market_of) -> None:
    market_of(fakes.simulate_fake)
    name = "[/red]<b>&x"
    words = (f"policy.name='{name}'", "+scenario.currency=USD", "hydra.run.dir=out")
    ended = type_in("simulate", *SMALL, *words)
    assert ended.status == 0, ended.err
    assert name in ended.out
    assert "bn USD" in ended.out
    assert "RMB" not in ended.out
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "<b>&x" not in page
    assert "[/red]&lt;b&gt;&amp;x" in page

"""The linters are tests: what they refuse fails here, with their own words."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_linter(*command: str) -> None:
    """Run one linter in the project's root; fail with its output if it objects."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        report = "\n".join(part for part in (done.stdout.strip(), done.stderr.strip()) if part)
        pytest.fail(
            f"exit status {done.returncode}: {' '.join(command)}\n\n{report}", pytrace=False
        )


def test_ruff_finds_nothing() -> None:
    run_linter(sys.executable, "-m", "ruff", "check", "--output-format=concise", ".")


def test_every_file_is_formatted() -> None:
    run_linter(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.timeout(600)
def test_types_hold() -> None:
    run_linter(sys.executable, "-m", "mypy")


def test_floors_hold() -> None:
    program = shutil.which("lint-imports", path=sysconfig.get_path("scripts"))
    assert program, "lint-imports is missing: install the `test` extra"
    run_linter(program)

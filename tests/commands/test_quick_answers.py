"""Help, config and completion answer at once: nothing slow is imported for them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLOW = ("numba", "optuna", "pyarrow", "ray", "scipy")
SCRIPT = """
import runpy, sys
sys.argv[1:] = {words!r}
try:
    runpy.run_module("experiments.{command}", run_name="__main__", alter_sys=True)
finally:
    print("SLOW:", *sorted(set({slow!r}) & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "command",
    [
        "simulate",
        "compare",
        "optimize",
        "replan",
        "report",
        "benchmark",
        "priors",
        "calibrate",
        "sensitivity",
        "response",
        "trial",
    ],
)
@pytest.mark.parametrize("words", [["--help"], ["--cfg", "job"], ["--info"]], ids=" ".join)
def test_nothing_slow_is_imported(command: str, words: list[str], tmp_path: Path) -> None:
    script = SCRIPT.format(words=words, command=command, slow=SLOW)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr.splitlines()[-1].strip() == "SLOW:"
    assert list(tmp_path.iterdir()) == []


def test_a_command_ends_without_a_last_search_for_garbage():
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 0))\n"
        "sys.argv = ['simulate', '--help']\n"
        "from experiments.simulate import main\n"
        "main()\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "False True"

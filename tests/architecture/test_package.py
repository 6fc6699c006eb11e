"""What is installed, and what is in the checkout and the source distribution only."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]


def test_the_code_for_other_tools_is_in_the_sources_and_is_not_installed() -> None:
    assert "peers" not in HATCH["build"]["targets"]["wheel"]["packages"]
    assert "/peers" in HATCH["build"]["targets"]["sdist"]["include"]
    assert (ROOT / "peers" / "market.py").is_file()

"""Make the README's table of speeds anew: `python -m tests.update_benchmark FOLDER...`.

A folder is what `experiments.benchmark` left; its rows are read, nothing is measured.
"""

import sys
from pathlib import Path

from engine.report.benchmark import rewritten
from engine.results import read_table

FILE = Path(__file__).parents[1] / "README.md"


def main(folders: list[str]) -> None:
    """Rewrite the block, and say whether anything changed."""
    before = FILE.read_text(encoding="utf-8")
    studies = [read_table(folder, "benchmark").to_pylist() for folder in folders]
    now = rewritten(before, studies)
    print(f"{FILE.name}: {'rewritten' if now != before else 'up to date'}")
    FILE.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

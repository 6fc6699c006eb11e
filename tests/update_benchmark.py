"""Make the tables of BENCHMARKS.md anew: `python -m tests.update_benchmark FOLDER...`.

Those of another page where its path comes first: `docs/SCALE.md FOLDER...`. A folder is what
`experiments.benchmark` left; its rows are read, nothing is measured.
"""

import shlex
import sys
from pathlib import Path

import yaml

from engine.report.markdown import _BenchmarkRun, _with_benchmarks
from engine.results import read_table

USUAL = Path(__file__).parents[1] / "BENCHMARKS.md"


def measured(folder: Path) -> _BenchmarkRun:
    """Return what a command left in its folder."""
    text = (folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8")
    rows = read_table(folder, "benchmark").to_pylist()
    return _BenchmarkRun([shlex.quote(one) for one in yaml.safe_load(text)], rows)


def main(words: list[str]) -> None:
    """Rewrite the block, and say whether anything changed."""
    page, folders = (Path(words[0]), words[1:]) if words[0].endswith(".md") else (USUAL, words)
    before = page.read_text(encoding="utf-8")
    now = _with_benchmarks(before, [measured(Path(folder)) for folder in folders])
    print(f"{page.name}: {'rewritten' if now != before else 'up to date'}")
    page.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Make README's example anew: `python -m tests.update_readme FOLDER`.

The folder is what `experiments.optimize` left: its tables are printed as the command prints them,
and the picture of its prices is written; nothing is simulated.
"""

import base64
import io
import re
import sys
from pathlib import Path

from rich.console import Console

from engine.report.charts.grammar import CONFIG
from engine.report.charts.prices import price_picture
from engine.report.html.static import _static_picture
from engine.report.terminal.answer import print_answer
from engine.results import read_table

ROOT = Path(__file__).parents[1]
README, PICTURE = ROOT / "README.md", ROOT / "docs" / "price_of_targets.svg"
TABLES = ("advice", "price_of_target", "plan", "value", "attribution")
BLOCK = re.compile(r"(<!-- answer -->\n).*?(<!-- end -->)", re.DOTALL)


def printed(folder: Path) -> str:
    """Return the end of the command, a hundred columns wide."""
    out = io.StringIO()
    tables = {name: read_table(folder, name).to_pylist() for name in TABLES}
    print_answer(tables, Console(file=out, width=100))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def drawn(folder: Path) -> bytes:
    """Return the picture of the prices, SVG."""
    picture = price_picture(read_table(folder, "price_of_target").to_pylist())
    assert picture is not None, "no two targets have a price"
    return base64.b64decode(_static_picture(picture.spec, CONFIG).partition(",")[2])


def main(folder: Path) -> None:
    """Rewrite the block and the picture."""
    text = README.read_text(encoding="utf-8")
    block = f"```text\n{printed(folder)}\n```\n"
    README.write_text(BLOCK.sub(lambda found: f"{found[1]}{block}{found[2]}", text), "utf-8")
    PICTURE.write_bytes(drawn(folder))
    print(f"{README.name} and {PICTURE.name}: written")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Make the table of messages in docs/CLUSTERS.md anew: `python -m tests.update_clusters`."""

import re
from pathlib import Path

from engine.compute import messages
from engine.compute.messages import _Message

DOCUMENT = Path(__file__).parents[1] / "docs" / "CLUSTERS.md"
BLOCK = re.compile(r"(<!-- messages -->\n).*?(<!-- end -->)", re.DOTALL)


def table() -> str:
    """Return a row for each message: what it says, and what to do."""
    found = [one for one in vars(messages).values() if isinstance(one, _Message)]
    rows = [f"| {_cell(one.what)} | {_cell(one.allowed)} | {_cell(one.remedy)} |" for one in found]
    return "\n".join(["| message | what it needs | what to do |", "|---|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    """Return a text in a line, with an ellipsis for what is known only when it is raised."""
    plain = re.sub(r"(?<!{){[^{}]*}(?!})", "…", text).replace("{{}}", "{}")
    return re.sub(r"\s+", " ", plain).replace("|", "\\|")


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(BLOCK.sub(lambda found: f"{found[1]}{table()}{found[2]}", text), "utf-8")
    print(f"{DOCUMENT.name}: written")

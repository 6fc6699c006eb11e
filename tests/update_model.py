"""Make the generated tables of the model's description anew: `python -m tests.update_model`."""

from pathlib import Path

from engine.describe import rewritten

ROOT = Path(__file__).parents[1]
FILE = ROOT / "engine" / "MODEL.md"


def main() -> None:
    """Rewrite the generated blocks, and say whether anything changed."""
    before = FILE.read_text(encoding="utf-8")
    now = rewritten(before, ROOT)
    print(f"{FILE.name}: {'rewritten' if now != before else 'up to date'}")
    FILE.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main()

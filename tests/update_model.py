"""Make the generated tables of the descriptions anew: `python -m tests.update_model`."""

from pathlib import Path

from engine.describe import with_generated_blocks

ROOT = Path(__file__).parents[1]
FILE = ROOT / "engine" / "MODEL.md"
FILES = (FILE, FILE.with_name("TABLES.md"))


def main() -> None:
    """Rewrite the generated blocks, and say whether anything changed."""
    for file in FILES:
        before = file.read_text(encoding="utf-8")
        now = with_generated_blocks(before, ROOT)
        print(f"{file.name}: {'rewritten' if now != before else 'up to date'}")
        file.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main()

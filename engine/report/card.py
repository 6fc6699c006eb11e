"""The model card: what a calibration's numbers may be used for, what not, how wrong it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.report.across import across_sentences
from engine.report.calibrated import MAY, MAY_NOT, fit_sentences, wrong_by
from engine.report.fitted import Fitted, read_fit
from engine.results import provenance_of, read_table
from engine.results.schemas import Row
from engine.results.storage import open_folder

NAME: Final = "model_card.md"


def write_card(folder: Path) -> None:
    """Write the card beside the report, in Markdown."""
    table = read_table(folder, "calibration")
    known = provenance_of(table)
    found = read_fit(table.to_pylist(), known["config"])
    answers = read_table(folder, "answers").to_pylist()
    open_folder(folder).put(NAME, _markdown(found, answers, known).encode())


def _markdown(found: Fitted, answers: Sequence[Row], known: Mapping[str, Any]) -> str:
    config = known["config"]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in wrong_by(found))
    checks = f"""| figure | observed | simulated (80 %) | off by | |
|---|---|---|---|---|
{rows}"""
    sections = {
        f"# Model card: {config['scenario']['name']}, calibrated": "\n".join(
            f"- {line}"
            for line in (
                f"Observed figures: {config['figures']}",
                f"Policy of the observed year: {config['policy']['name']}",
                f"Simulated buyers: {config['scale']['buyers_count']:,}",
                f"Seed {known['seed']}, config {known['config_hash'][:12]}",
            )
        ),
        "## How well it fits": "\n\n".join(fit_sentences(found)),
        "## How wrong it was on what it was not shown": checks if rows else "No check rows.",
        "## How far its worlds agree on an answer": "\n\n".join(across_sentences(answers)),
        "## What the numbers may be used for": _list(MAY),
        "## What they may not be used for": _list(MAY_NOT),
    }
    return "\n\n".join(f"{head}\n\n{body}" for head, body in sections.items()) + "\n"


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)

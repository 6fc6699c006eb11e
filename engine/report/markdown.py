"""What is written in Markdown: a calibration's model card, and tables of speeds.

A model card says what a calibration's numbers may be used for, what not, and how wrong it was.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.report.findings.benchmark import sections
from engine.report.findings.calibration import HEADS, MAY, MAY_NOT, fit_sentences, scorecard
from engine.report.findings.world_agreement import across_sentences
from engine.report.read.calibration import CalibrationSummary, read_fit
from engine.results import provenance_of, read_table
from engine.results.schemas import Row
from engine.results.storage import open_folder

_MODEL_CARD: Final = "model_card.md"


def write_model_card(folder: Path) -> None:
    """Write the card beside the report, in Markdown."""
    table = read_table(folder, "calibration")
    known = provenance_of(table)
    found = read_fit(table.to_pylist(), known["config"])
    answers = read_table(folder, "answers").to_pylist()
    open_folder(folder).put(_MODEL_CARD, _card_text(found, answers, known).encode())


_BLOCK: Final = re.compile(r"(<!-- benchmark -->\n).*?(<!-- end -->)", re.DOTALL)


class _BenchmarkRun(NamedTuple):
    """What one command left: its overrides, and the rows of `benchmark`."""

    overrides: Sequence[str]
    rows: Sequence[Row]


def _with_benchmarks(text: str, studies: Sequence[_BenchmarkRun]) -> str:
    """`text` with the block between `<!-- benchmark -->` and `<!-- end -->` made anew."""
    block = "\n\n".join(map(_benchmark_markdown, studies))
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", text)


def _benchmark_markdown(study: _BenchmarkRun) -> str:
    """The command and the machine, and the sections as tables of Markdown."""
    command = " ".join(["python -m experiments.benchmark", *study.overrides])
    blocks = [f"`{command}` on {study.rows[0]['machine']}."]
    for section in sections(study.rows):
        heads = tuple(head.replace("\n", " ") for head in section.heads)
        lines = [heads, ("---", *["--:"] * (len(heads) - 1)), *section.lines]
        cells = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks += [f"{section.title}:", cells, section.note]
    return "\n\n".join(block for block in blocks if block)


def _card_text(found: CalibrationSummary, answers: Sequence[Row], known: Mapping[str, Any]) -> str:
    config = known["config"]
    lines = [HEADS, ("---",) * len(HEADS), *scorecard(found)]
    scores = "\n".join(f"| {' | '.join(line)} |" for line in lines)
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
        "## Scorecard: every figure that is no input": scores,
        "## How far its worlds agree on an answer": "\n\n".join(across_sentences(answers)),
        "## What the numbers may be used for": _list(MAY),
        "## What they may not be used for": _list(MAY_NOT),
    }
    return "\n\n".join(f"{head}\n\n{body}" for head, body in sections.items()) + "\n"


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)

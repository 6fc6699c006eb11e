"""The command at a page's end: with the same words another folder gets the same results."""

from pathlib import Path

import pytest

from engine.results.typed import note_typed, typed_again
from tests.report.studies import simulate_folder
from tests.report.test_page import read


def test_words_of_every_kind_are_repeated_and_the_folder_is_not(tmp_path: Path) -> None:
    words = ["--config-dir", "o/op timize", "policy=trial-10", "hydra.run.dir=x", "+experiment=a"]
    note_typed(tmp_path, "trial", words)
    said = typed_again(tmp_path)
    assert said == (
        "python -m experiments.trial --config-dir 'o/op timize' policy=trial-10 +experiment=a"
    )


@pytest.mark.parametrize("place", ["hydra.sweep.dir=x", "into=x"])
def test_sweeps_and_collections_are_repeated_too(tmp_path: Path, place: str) -> None:
    note_typed(tmp_path / "all", "simulate", ["-m", "seed=1,2", place])
    assert typed_again(tmp_path / "all") == "python -m experiments.simulate -m seed=1,2"


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    note_typed(tmp_path, "optimize", ["search.storage=postgresql://me:secret@host/db"])
    assert "secret" not in (tmp_path / ".hydra" / "typed.json").read_text()
    assert "postgresql://me:***@host/db" in typed_again(tmp_path)


def test_a_job_of_a_sweep_names_the_folder_of_configs(tmp_path: Path) -> None:
    """Its own folder holds no words of the whole sweep, but what Hydra wrote of the job."""
    folder = simulate_folder(tmp_path)
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("- policy=trial-10\n- hydra.run.dir=x\n")
    (folder / ".hydra" / "hydra.yaml").write_text(
        "hydra: {runtime: {config_sources: [{path: /o, provider: command-line}]}}"
    )
    (folder / ".poquan.json").write_text('{"command": "simulate"}')
    said = "python -m experiments.simulate --config-dir /o policy=trial-10"
    assert said in read(folder).text.splitlines()


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_damaged_notes_give_no_command(tmp_path: Path, text: str) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "typed.json").write_text(text)
    assert typed_again(tmp_path) == ""

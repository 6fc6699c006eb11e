"""Static pictures: a process of its own draws them, and whoever draws them they are the same."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cases import cases
from engine.report import build_report
from engine.report.charts.grammar import CONFIG
from engine.report.html import static
from experiments import _runs
from tests.report.studies import simulate_folder
from tests.worlds import job

SPEC = {"mark": "point", "data": {"values": [{"a": 0.1 + 0.2}]}, "encoding": {"x": {"field": "a"}}}


@pytest.fixture(autouse=True)
def _started_anew() -> Iterator[None]:
    static._drawing.cache_clear()
    yield
    static._drawing.cache_clear()


def who_draws() -> "subprocess.Popen[str] | None":
    return static._drawing(os.getpid())._process


def refuse(*_: object) -> str:
    raise AssertionError("drawn in this process")


def test_a_page_has_the_same_bytes_whoever_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = simulate_folder(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(static, "_static_picture", refuse)
        drawn_apart = build_report(folder).read_bytes()
    assert b"data:image/svg+xml;base64," in drawn_apart
    process = who_draws()
    assert process is not None
    process.kill()
    assert build_report(folder).read_bytes() == drawn_apart
    assert who_draws() is None
    assert build_report(folder).read_bytes() == drawn_apart


def test_what_no_process_can_be_started_for_is_drawn_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    draw = static.begin_drawing()
    assert who_draws() is None
    assert draw(SPEC, CONFIG).result() == static._static_picture(SPEC, CONFIG)


def test_what_cannot_be_drawn_is_an_error_and_the_next_is_drawn() -> None:
    draw = static.begin_drawing()
    with pytest.raises(ValueError, match="conversion failed"):
        draw({"mark": "nothing"}, CONFIG).result()
    assert draw(SPEC, CONFIG).result() == static._static_picture(SPEC, CONFIG)


def test_a_fork_has_a_process_of_its_own() -> None:
    wanted = static.begin_drawing()(SPEC, CONFIG).result()
    parents = who_draws()
    assert parents is not None
    fork = os.fork()
    if not fork:
        same = static.begin_drawing()(SPEC, CONFIG).result() == wanted
        own = who_draws()
        os._exit(0 if same and own is not None and own.pid != parents.pid else 1)
    assert os.waitpid(fork, 0)[1] == 0
    assert static.begin_drawing()(SPEC, CONFIG).result() == wanted
    assert who_draws() is parents


def test_what_draws_ends_with_its_input_and_ctrl_c_does_not_reach_it() -> None:
    process = static._started()
    assert process is not None
    assert process.stdin is not None
    assert os.getpgid(process.pid) != os.getpgid(0)
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("said", ["", "half of an answer"])
def test_what_hangs_is_ended_and_its_picture_is_drawn_here(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "hangs.py"
    hangs_after = f"import time; print({said!r}, end='', flush=True); time.sleep(600)"
    script.write_text(hangs_after, encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(static, "__file__", str(script))
        draw = static.begin_drawing()
    hangs = who_draws()
    assert hangs is not None
    monkeypatch.setattr(static, "_LONGEST_S", 0.2)
    assert draw(SPEC, CONFIG).result() == static._static_picture(SPEC, CONFIG)
    assert hangs.poll() is not None
    assert who_draws() is None


@pytest.mark.parametrize(("scale", "begun"), [("smoke", [True]), ("full", [])])
def test_what_draws_starts_before_short_simulations(
    scale: str, begun: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []
    monkeypatch.setattr(_runs, "begin_drawing", lambda: found.append(True))
    monkeypatch.setattr(_runs, "open_pool", lambda *_, **__: None)
    asked = job(f"scale={scale}")
    _runs._pool(asked, cases(asked, [asked.policy]))
    assert found == begun

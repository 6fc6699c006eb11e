"""Commands as a user types them, in this process and in a folder of their own."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest


class Ended(NamedTuple):
    """How a command ended: exit status, what it printed, the files it left (without Hydra's)."""

    status: int
    out: str
    err: str
    files: set[str]


Run = Callable[..., Ended]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    return tmp_path


@pytest.fixture
def type_in(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Type `python -m experiments.<command> <words>`."""

    def run(command: str, *words: str, main: Callable[[], None] | None = None) -> Ended:
        module = importlib.import_module(f"experiments.{command}")
        monkeypatch.setattr(sys, "argv", [module.__file__, *words])
        status = 0
        try:
            (main or module.main)()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err, left_in(place))

    return run


def left_in(place: Path) -> set[str]:
    return {
        str(file.relative_to(place))
        for file in place.rglob("*")
        if ".hydra" not in file.parts and (file.is_file() or not any(file.iterdir()))
    }


@pytest.fixture
def market_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put a fake in the place of the market: nothing is compiled for it."""

    def put(simulate: Any) -> None:
        module = ModuleType("engine.market.run")
        module.simulate = simulate  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "engine.market.run", module)
        monkeypatch.setattr("engine.compute.pool.warm_up_if_cold", lambda case: None)

    return put

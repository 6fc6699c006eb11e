"""Years that do not fit into memory are refused, with what would fit."""

import pytest

from engine.compute import machine
from engine.compute.machine import available_bytes, check_memory
from engine.errors import InputError
from engine.spec.jobs import Ray


def ray(backend: str, workers: int | None = None, address: str | None = None) -> Ray:
    return Ray.model_validate(
        {"backend": backend, "address": address, "workers_count": workers, "retries_count": 0}
    )


@pytest.fixture(autouse=True)
def free_800_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 800)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.parametrize(
    ("buyers", "years", "spec"),
    [
        (10, 99, ray("process")),
        (5, 99, ray("ray", 2)),
        (10, 1, ray("ray", 2)),
        (99, 99, ray("ray", 2, "cluster:6379")),
    ],
)
def test_what_fits_is_let_through(buyers: int, years: int, spec: Ray) -> None:
    check_memory(buyers, years, spec, "buyers")


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(InputError) as error:
        check_memory(6, 99, ray("ray", 2), "buyers")
    assert "6 buyers in 2 runs at once" in error.value.what
    assert "at most 5 buyers" in error.value.allowed
    assert "ray.workers_count=1" in error.value.remedy
    with pytest.raises(InputError):
        check_memory(11, 99, ray("process"), "buyers")


def test_this_machine_has_some_memory() -> None:
    free = available_bytes()
    assert free is None or free > 10**7


def test_a_containers_limit_counts(tmp_path) -> None:
    for name, text in (("memory.max", "1000\n"), ("memory.current", "900\n")):
        (tmp_path / name).write_text(text)
    assert machine._of_group(tmp_path) == 100
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 50\n")
    assert machine._of_group(tmp_path) == 150
    (tmp_path / "memory.max").write_text("max\n")
    assert machine._of_group(tmp_path) is None

"""What the tests share does not change what they see, and nothing of the schedule is stale."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra import initialize_config_dir

from tests import parsed_once, schedule
from tests.worlds import CONF


@pytest.mark.parametrize("file", sorted({*schedule.LONG, *schedule.APART}))
def test_what_the_schedule_names_is_there(file: str) -> None:
    assert (schedule.ROOT / file).is_file()
    assert file in schedule.LONG  # single tests of a short file would only part what is shared


def test_long_files_come_first_and_no_file_is_parted() -> None:
    first, second = schedule.LONG[:2]
    names = ["tests/a.py::b", "tests/z.py::a", second, first, "tests/z.py::b", "tests/a.py::a"]
    names += ["tests/z.py::c"]
    tests = [SimpleNamespace(nodeid=name if "::" in name else f"{name}::x") for name in names]
    assert [test.nodeid for test in schedule.in_order(tests)] == [
        f"{first}::x",
        f"{second}::x",
        "tests/z.py::a",
        "tests/z.py::b",
        "tests/z.py::c",
        "tests/a.py::b",
        "tests/a.py::a",
    ]


def test_a_config_that_was_composed_before_is_the_same_and_nobody_elses() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        one, two = (parsed_once._compose_once("simulate", ["seed=3"]) for _ in range(2))
        plain = parsed_once._compose("simulate", ["seed=3"])
        assert one == two == plain
        one.scenario.name = "another"
        assert parsed_once._compose_once("simulate", overrides=["seed=3"]) == plain
        assert parsed_once._compose_once("simulate", ["seed=4"]).seed == 4


def test_a_file_that_was_changed_is_parsed_anew(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    for value in (1, 2):
        file.write_text(f"a: {value}\n")
        assert parsed_once._load_once(file) == {"a": value}
        with file.open(encoding="utf-8") as opened:
            assert parsed_once._load_once(opened) == {"a": value}

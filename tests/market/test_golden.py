"""A pinned run: what it gives changes only on purpose, by `python -m tests.update_golden`."""

import pytest

from tests.update_golden import golden_runs, read_golden


@pytest.mark.parametrize("name", read_golden())
def test_the_pinned_run_gives_the_pinned_numbers(name):
    pinned, seen = read_golden()[name], golden_runs()[name]
    assert seen.keys() == pinned.keys()
    for measure, value in pinned.items():
        if isinstance(value, float):  # libm may differ in the last place between machines
            assert seen[measure] == pytest.approx(value, rel=1e-9), measure
        else:
            assert seen[measure] == value, measure

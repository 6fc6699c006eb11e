"""What is said of how far a command is."""

import pytest

from experiments._progress import progress


def test_no_time_is_told_where_all_that_is_known_of_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress() as show:
        show("search", 2, 2, "", 90.0)  # the finalists are still to come
        show("finalists", 5, 5, "", 0.0)
        show("finalists", 8, 8, "best")
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if ": " in line][-3:] == [
        "search: 2 of 2, 0 s, 90 s left",
        "finalists: 5 of 5, 0 s",
        "finalists: 8 of 8, 0 s; best",
    ]

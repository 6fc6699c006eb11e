"""One holder at a time, and nothing left of a folder without results."""

import threading
from pathlib import Path

from engine.results import FolderLock


def test_a_folder_has_one_holder_at_a_time_whoever_comes_and_goes(tmp_path: Path) -> None:
    folder, holders, taken = tmp_path / "above" / "out", [0], [0]
    wrong: list[str] = []

    def come_and_go() -> None:
        for round_ in range(150):
            try:
                lock = FolderLock.take(folder)
                if lock is None:
                    continue
                holders[0] += 1
                taken[0] += 1
                if holders[0] != 1:
                    wrong.append("two holders")
                (folder / ".poquan.json").write_text("{}")
                holders[0] -= 1
                if round_ % 2:
                    lock.remove_if_empty()
                lock.release()
            except BaseException as error:
                wrong.append(repr(error))
                raise

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert taken[0] > 0


def test_only_folders_made_for_it_are_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    lock = FolderLock.take(tmp_path / "mine" / "a" / "b")
    assert lock is not None
    assert FolderLock.take(tmp_path / "mine" / "a" / "b") is None
    (lock.folder / ".hydra").mkdir()
    (lock.folder / ".hydra" / "config.yaml").touch()
    (lock.folder / ".poquan.json").touch()
    lock.remove_if_empty([".hydra"])
    lock.release()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_results_and_what_others_made_beside_stay(tmp_path: Path) -> None:
    lock = FolderLock.take(tmp_path / "a" / "b")
    other = FolderLock.take(tmp_path / "a" / "c")
    assert lock is not None
    assert other is not None
    lock.remove_if_empty()
    lock.release()
    assert not (tmp_path / "a" / "b").exists()
    (tmp_path / "a" / "c" / "runs.parquet").touch()
    other.remove_if_empty()
    other.release()
    assert [path.name for path in (tmp_path / "a" / "c").iterdir()] == ["runs.parquet"]

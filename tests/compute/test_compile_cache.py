"""A compile cache that cannot be read is one that is not there yet."""

import pickle
import sys
from types import ModuleType

import numba
import pytest
from numba.core import caching

from engine import compile_cache


def test_numba_makes_its_cache_files_by_the_class_of_this_package():
    assert caching.IndexDataCacheFile is compile_cache._CacheFiles


@pytest.fixture
def files(tmp_path):
    """The cache files of one function, with one signature compiled."""
    cached = caching.IndexDataCacheFile(str(tmp_path), "coupon", source_stamp=1)
    cached.save("signature", "code")
    assert cached.load("signature") == "code"
    return cached


def of_a_module_that_is_gone(monkeypatch) -> bytes:
    """An index that names a class which nothing can import any more."""
    module = ModuleType("gone")
    module.Key = type("Key", (), {"__module__": "gone"})
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "gone", module)
        overloads = pickle.dumps((1, {module.Key(): "coupon.1.nbc"}))
    return pickle.dumps(numba.__version__) + overloads


@pytest.mark.parametrize(
    "content",
    [
        of_a_module_that_is_gone,
        lambda _: b"",
        lambda _: b"no pickle",
        lambda _: pickle.dumps(numba.__version__) + b"\x80",
        lambda _: pickle.dumps(numba.__version__) + pickle.dumps(1),
    ],
    ids=["module gone", "empty", "no pickle", "cut short", "of another form"],
)
def test_an_index_that_cannot_be_read_is_a_miss_and_is_written_anew(
    files, tmp_path, monkeypatch, content
):
    (tmp_path / "coupon.nbi").write_bytes(content(monkeypatch))
    assert files.load("signature") is None
    files.save("signature", "code again")
    assert files.load("signature") == "code again"


@pytest.mark.parametrize("content", [b"", b"no pickle"])
def test_code_that_cannot_be_read_is_a_miss_and_is_written_anew(files, tmp_path, content):
    (tmp_path / "coupon.1.nbc").write_bytes(content)
    assert files.load("signature") is None
    files.save("signature", "code again")
    assert files.load("signature") == "code again"


def test_a_disk_that_fails_is_no_miss(files, tmp_path):
    """What cannot be read for another reason is told, as ever."""
    (tmp_path / "coupon.nbi").unlink()
    (tmp_path / "coupon.nbi").mkdir()
    with pytest.raises(IsADirectoryError):
        files.load("signature")

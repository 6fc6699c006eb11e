"""No password of an address gets into a file or onto the terminal."""

from pathlib import Path

import hydra.core.utils
import pytest
from omegaconf import OmegaConf

from engine.config import resolve
from experiments import _hidden
from tests import fakes
from tests.servers import PASSWORD, QUOTED, postgres

SMALL = ("scale=smoke", "ray.backend=process", "question=year_2020")


@pytest.fixture(autouse=True)
def fake_market(market_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POQUAN_HIDDEN", "{}")
    market_of(fakes.simulate_fake)


def places_of(secret: str, folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if secret.encode() in path.read_bytes()]


def test_a_shared_search_leaves_no_password(type_in, place: Path, tmp_path_factory) -> None:
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        words = [*SMALL, f"storage={address}", "hydra.run.dir=out"]
        ended = type_in("optimize", *words)
        assert ended.status == 0, ended.err
        again = type_in("optimize", *words, "search.finalists_count=2")
        assert again.status == 0, again.err
    for secret in (QUOTED, PASSWORD):
        assert places_of(secret, place / "out") == []
        assert all(secret not in text for one in (ended, again) for text in (one.out, one.err))
    assert places_of("mary:***@127.0.0.1", place / "out" / ".hydra")


def test_an_error_names_the_database_without_the_password_before_anything_runs(
    type_in, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setattr("engine.compute.open_pool", None)
    ended = type_in("optimize", *SMALL, f"storage=postgresql://mary:{QUOTED}@127.0.0.1:1/db")
    assert ended.status == 1
    assert "storage: postgresql://mary:***@127.0.0.1:1/db" in ended.err
    assert QUOTED not in ended.err
    assert "Traceback" not in ended.err
    assert ended.files == set()


def test_a_literal_of_a_config_file_is_hidden_as_well(tmp_path: Path) -> None:
    text = f"storage: postgresql://mary:{QUOTED}@host/db\nlist: [{{a: 's3://key:{QUOTED}@b/c'}}]\n"
    _hidden.install()
    config = OmegaConf.create(text)
    hydra.core.utils._save_config(config, "config.yaml", tmp_path)
    assert places_of(QUOTED, tmp_path) == []
    assert OmegaConf.load(tmp_path / "config.yaml").list[0].a == "s3://key:***@b/c"
    _hidden.hide_in(config)
    assert config.storage == "postgresql://mary:***@host/db"
    assert resolve(OmegaConf.create(text))["list"] == [{"a": "s3://key:***@b/c"}]

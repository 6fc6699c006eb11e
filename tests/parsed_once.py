"""Configs that are read and composed once a process, whoever asks for them.

Reading YAML and merging it is most of what a short test would wait for. A copy comes out of a
pickle in a fiftieth of the time. What commands do is not touched: they compose by Hydra's own
application, not by `compose`.
"""

import io
import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

_CONF = str(Path(__file__).resolve().parents[1] / "conf")
_OWN = {
    "pkg://hydra.conf",
    "structured://",
    *(f"{scheme}{_CONF}" for scheme in ("", "file://", "dated://")),
}

_load, _compose = OmegaConf.load, hydra.compose


def install() -> None:
    """Take the places of `OmegaConf.load` and `hydra.compose`, before a test imports them."""
    OmegaConf.load = staticmethod(_load_once)  # type: ignore[method-assign]
    hydra.compose = _compose_once


def _load_once(file: Any) -> Any:
    """Return what `OmegaConf.load` does, by the file's text."""
    if isinstance(file, str | Path):
        return pickle.loads(_loaded(Path(file).read_text(encoding="utf-8"), str(file)))
    return pickle.loads(_loaded(file.read(), getattr(file, "name", "<file>")))


@lru_cache(maxsize=512)
def _loaded(text: str, name: str) -> bytes:
    file = io.StringIO(text)
    file.name = name
    return pickle.dumps(_load(file))


def _compose_once(name: str | None = None, overrides: Any = None, **more: Any) -> DictConfig:
    """Return what `hydra.compose` does, of this project's own files alone by what is asked for."""
    name, words = more.pop("config_name", name), tuple(overrides or ())
    searched = GlobalHydra.instance().config_loader().get_search_path().get_path()
    places = tuple(str(place.path) for place in searched)
    if more or not _OWN.issuperset(places) or any("searchpath" in word for word in words):
        return _compose(name, list(words), **more)
    made: DictConfig = pickle.loads(_composed(name, words, places))
    return made


@lru_cache(maxsize=256)
def _composed(name: str | None, words: tuple[str, ...], _places: tuple[str, ...]) -> bytes:
    return pickle.dumps(_compose(name, list(words)))

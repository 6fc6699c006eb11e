"""A state on disk: one `.npz` of plain arrays, without pickle, written whole or not at all."""

import os
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import StorageError
from engine.market.state import State
from engine.market.world import World
from engine.population.buyers import COLUMNS, Buyers, cache_lines, record_of

_FORMAT: Final = 7
"""Version of the arrays' names and of the records' layout."""

_PERSON: Final = "buyers.person"
_CHUNK_BYTES: Final = 2**24


def save_state(state: State, world: World, path: Path) -> None:
    """Write a state with the name of its world; `path` appears whole or stays as it was.

    Raises
    ------
    StorageError
        If the folder cannot be written to.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.savez(
                file,
                allow_pickle=False,
                format=np.array(_FORMAT),
                world=np.array(world.name),
                digest=np.array(state.digest()),
                **state.arrays(),
            )
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: the state cannot be written: {error.strerror or error}\n"
            "  remedy:  choose another folder, or make room on the disk"
        ) from None


def load_state(world: World, path: Path) -> State:
    """Read a state that `save_state` wrote for an equal world.

    Raises
    ------
    StorageError
        If there is none, if it is damaged, or if it belongs to another world or version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name != _PERSON}
        state = _state_of(arrays, world, path)
    except FileNotFoundError:
        raise StorageError(f"{path}: there is no such state\n  remedy:  simulate to it") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise _damaged(path) from None
    if state.digest() != str(arrays["digest"]):
        raise _damaged(path)
    return state


def _damaged(path: Path) -> StorageError:
    return StorageError(f"{path}: the state is damaged\n  remedy:  delete it and simulate anew")


def _state_of(arrays: dict[str, NDArray[Any]], world: World, path: Path) -> State:
    if int(arrays["format"]) != _FORMAT or str(arrays["world"]) != world.name:
        raise StorageError(
            f"{path}: the state belongs to another world or version of the engine\n"
            "  remedy:  load it with the engine, scenario, scale and world_seed that it was saved "
            "with, or delete it and simulate anew"
        )
    columns = {name: arrays[f"buyers.{name}"] for name in COLUMNS}
    return State.of(arrays, Buyers(person=_read_person(path, world), **columns))


def _read_person(path: Path, world: World) -> NDArray[np.void]:
    """Read the buyers' records to where they stay: they are too many to be held twice."""
    record = record_of(world.scenario)
    with zipfile.ZipFile(path) as whole, whole.open(f"{_PERSON}.npy") as file:
        np.lib.format.read_magic(file)
        (count, size), _, dtype = np.lib.format.read_array_header_1_0(file)
        if (size, dtype) != (record.itemsize, np.dtype(np.uint8)):
            raise ValueError
        person = cache_lines(count, record)
        raw = person.view(np.uint8).reshape(-1)
        for first in range(0, raw.size, _CHUNK_BYTES):
            part = raw[first : first + _CHUNK_BYTES]
            part[:] = np.frombuffer(file.read(part.size), np.uint8)
    return person

"""How a command ends: one message and an exit status, and no folder left without results."""

import errno
import os
import select
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from engine.errors import HeadLostError, InputError, Interrupted, PoquanError, StorageError
from engine.secrets import masked
from experiments._hydra_errors import translate

if TYPE_CHECKING:
    from engine.results import FolderLock
    from engine.results.staging import Staging

HYDRAS_OWN: Final = frozenset({".hydra", "multirun.yaml"})
"""What Hydra writes into an output folder."""

_DISK_ERRORS: Final = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EIO,
    errno.EFBIG,
)


_CLOSED_PIPE: Final = 128 + 13


@dataclass
class CommandLine:
    """What was typed, and the output folders that are locked for it, here and in a store."""

    command: str = ""
    words: list[str] = field(default_factory=list)
    locks: "list[FolderLock]" = field(default_factory=list)
    stagings: "list[Staging]" = field(default_factory=list)

    current: ClassVar["CommandLine"]
    """Hydra makes its callbacks by name: they find here what they are called for."""

    def note_in(self, folder: str | Path) -> None:
        """Note in an output folder what was typed for it.

        Raises
        ------
        StorageError
            If the folder cannot be written to.
        """
        from engine.results.typed import note_typed

        note_typed(folder, self.command, self.words)

    def release_locks(self) -> None:
        """Let others have the folders."""
        while self.locks:
            self.locks.pop().release()

    def close_stores(self) -> None:
        """Upload what is left, and let others have the folders of stores.

        Raises
        ------
        StorageError
            If it cannot be uploaded.
        """
        while self.stagings:
            self.stagings.pop().close()

    def as_stored(self, message: str) -> str:
        """Return a message with addresses in place of the local folders that stand for them."""
        for staging in self.stagings:
            message = message.replace(str(staging.local), staging.folder.address)
        return masked(message)


CommandLine.current = CommandLine()


@contextmanager
def one_message(folder: Path | None = None) -> Iterator[None]:
    """End the command with one message for what a user can meet; bugs pass through.

    Parameters
    ----------
    folder : the output folder, once work in it has begun.
    """
    try:
        yield
    except KeyboardInterrupt:
        stop(Interrupted("interrupted"), folder)
    except PoquanError as error:
        stop(error, folder)
    except (HydraException, OmegaConfBaseException, yaml.MarkedYAMLError) as error:
        stop(mistake(error), folder)
    except OSError as error:
        if not is_of_the_disk(error):
            raise
        place = folder or Path(error.filename or ".")
        stop(unwritable(place, error.strerror or str(error)), folder)


@contextmanager
def closed_pipe_ends() -> Iterator[None]:
    """End the command without a word where nobody reads its output any more, as `| head` does.

    The status is that of a program which the signal of a closed pipe ends.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _is_closed(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left in it
        raise SystemExit(_CLOSED_PIPE) from None


def _is_closed(pipe: int) -> bool:
    """Tell whether the reading end of a pipe is closed."""
    asked = select.poll()
    asked.register(pipe, 0)
    return any(found & select.POLLERR for _, found in asked.poll(0))


def is_of_the_disk(error: OSError) -> bool:
    """Tell whether the disk or its rights are the cause, not a bug of ours."""
    return error.errno in _DISK_ERRORS


def check_place() -> None:
    """End the command where the folder that it was started in is gone."""
    try:
        Path.cwd()
    except OSError:
        what = "the folder that the command was started in is gone"
        stop(InputError("command line", what, "a folder that exists", "go to one: cd ~"))


def mistake(error: BaseException) -> InputError:
    """Return what the user did that Hydra or OmegaConf refuses."""
    return translate(error, CommandLine.current.command, CommandLine.current.words)


def stop(error: PoquanError, folder: Path | None = None) -> NoReturn:
    """Say what is wrong, remove folders without results, and end with the error's status."""
    message = str(error)
    for lock in reversed(CommandLine.current.locks):
        lock.remove_if_empty(HYDRAS_OWN)
    if error.status == Interrupted.status:
        message = _interrupted(message, folder)
    message = CommandLine.current.as_stored(message)
    try:
        CommandLine.current.close_stores()
    except StorageError as unsaved:
        message += f"\n{unsaved}"
    print(message, file=sys.stderr)
    if isinstance(error, HeadLostError):  # Ray's own way out would wait for the head
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(error.status)
    raise SystemExit(error.status)


def unwritable(folder: Path, reason: str) -> StorageError:
    """Return the error of an output folder that cannot be written to."""
    return StorageError(
        f"{folder}: cannot be written: {reason}\n"
        "  remedy:  choose another output folder with hydra.run.dir=... (hydra.sweep.dir with -m)"
    )


def _interrupted(message: str, folder: Path | None) -> str:
    """Say what an interruption leaves, and what to type so that the same work goes on."""
    key = "hydra.run.dir"
    if folder is not None and HydraConfig.get().mode is RunMode.MULTIRUN:
        key, folder = "hydra.sweep.dir", Path(HydraConfig.get().sweep.dir).absolute()
    words = CommandLine.current.words
    if folder is None or not folder.exists():
        return f"interrupted: nothing was done yet\n  again:   {_typed(words)}"
    words = [*(word for word in words if not word.startswith(f"{key}=")), f"{key}={folder}"]
    return f"{message}\n  kept:    {folder}\n  go on:   {_typed(words)}"


def _typed(words: Sequence[str]) -> str:
    """Return the command with other words."""
    program = Path(sys.argv[0])
    start = f"python -m experiments.{program.stem}" if program.suffix == ".py" else program.name
    return f"{start} {shlex.join(words)}".rstrip()

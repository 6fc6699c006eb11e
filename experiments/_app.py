"""What all commands share: Hydra in front, one place where every error ends.

A command is a function of (job, folder, config). Around it: Hydra composes, the door
validates before any folder is made, and what goes wrong becomes one message and an
exit status: 2 for a mistake of the user's, 1 for the cluster and the disk, 130 when
interrupted. Only a bug of ours shows a traceback.
"""

import errno
import functools
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from engine.config import Tree, load, resolve
from engine.errors import Interrupted, PoquanError, StorageError
from engine.spec.base import Spec
from experiments._refusals import translate

CONF = Path(__file__).resolve().parents[1] / "conf"
HYDRAS_OWN = {".hydra", "multirun.yaml"}
INTERRUPTED = Interrupted.status
DISK_ERRORS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EIO,
)

JobT = TypeVar("JobT", bound=Spec)
Command = Callable[[JobT, Path, Tree], None]


def app(command: Command[JobT], job: type[JobT]) -> Callable[[], None]:
    """Make the `main` of a command.

    Parameters
    ----------
    command : what to do with a validated job, the output folder and the resolved config.
    job : the specification of its config, which is `conf/<name of the command>.yaml`.
    """

    @functools.wraps(command)
    def task(cfg: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        with _one_message(folder):
            command(load(cfg, job), folder, resolve(cfg))

    def main() -> None:
        Door.job = job
        os.environ["HYDRA_FULL_ERROR"] = "1"  # lets Hydra's errors reach us
        sys.argv[1:] = sorted(sys.argv[1:], key=_is_override)  # its parser wants flags first
        run = hydra.main(config_path=str(CONF), config_name=command.__name__, version_base="1.3")
        try:
            with _one_message(None):
                run(task)()
        except (HydraException, OmegaConfBaseException) as error:
            _stop(translate(error))
        except ValueError as error:
            if not _is_hydras(error):
                raise
            _stop(translate(error))

    return main


class Door(Callback):
    """Hydra's callback that checks a job before its folder is made.

    Hydra only warns of a callback's exceptions; leaving the program is not one.
    """

    job: type[Spec]
    there_before: frozenset[Path] = frozenset()

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a bad job of a single run."""
        self._enter(Path(config.hydra.run.dir))
        with _one_message(None):
            ours = [str(key) for key in config if key != "hydra"]
            load(OmegaConf.masked_copy(config, ours), self.job)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Check a sweep's folder; its jobs are checked in turn, before each runs."""
        self._enter(Path(config.hydra.sweep.dir))

    @staticmethod
    def _enter(folder: Path) -> None:
        ancestors = (folder.absolute(), *folder.absolute().parents)
        Door.there_before = frozenset(place for place in ancestors if place.exists())
        nearest = next(place for place in ancestors if place in Door.there_before)
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            problem = "is not writable" if nearest.is_dir() else "is a file, not a folder"
            _stop(_unwritable(folder, f"{nearest} {problem}"))


@contextmanager
def _one_message(folder: Path | None) -> Iterator[None]:
    """End the command with one message for what a user can meet; bugs pass through."""
    try:
        yield
    except KeyboardInterrupt:
        _stop(Interrupted("interrupted"), folder)
    except PoquanError as error:
        _stop(error, folder)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _stop(_unwritable(folder or Path(error.filename or "."), error.strerror or str(error)))


def _stop(error: PoquanError, folder: Path | None = None) -> NoReturn:
    """Say what is wrong, leave nothing half-written, and end with the error's status."""
    message = str(error)
    if folder is not None:
        _tidy(folder)
        if error.status == INTERRUPTED and folder.exists():
            message += f"\n  kept:    {folder}\n  go on:   {_same_command(folder)}"
    print(message, file=sys.stderr)
    raise SystemExit(error.status)


def _tidy(folder: Path) -> None:
    """Remove `folder` and the folders made above it if only Hydra's own files are there."""
    for place in (folder, *folder.parents):
        if place in Door.there_before or not place.is_dir():
            return
        files = (file.relative_to(place) for file in place.rglob("*") if file.is_file())
        if any(not set(file.parts) & HYDRAS_OWN for file in files):
            return
        shutil.rmtree(place)


def _same_command(folder: Path) -> str:
    """Return what to type so that the same work goes on in the same folder."""
    key = "hydra.run.dir"
    if HydraConfig.get().mode is RunMode.MULTIRUN:
        key, folder = "hydra.sweep.dir", Path(HydraConfig.get().sweep.dir).absolute()
    program = Path(sys.argv[0])
    start = f"python -m experiments.{program.stem}" if program.suffix == ".py" else program.name
    typed = [word for word in sys.argv[1:] if not word.startswith(f"{key}=")]
    return f"{start} {shlex.join([*typed, f'{key}={folder}'])}"


def _unwritable(folder: Path, reason: str) -> StorageError:
    return StorageError(
        f"{folder}: cannot be written: {reason}\n"
        "  remedy:  choose another output folder with hydra.run.dir=... (hydra.sweep.dir with -m)"
    )


def _is_override(word: str) -> bool:
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def _is_hydras(error: BaseException) -> bool:
    """Tell whether Hydra itself raised `error`: it refuses misused flags by ValueError."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and place.tb_frame.f_globals["__name__"].startswith("hydra.")

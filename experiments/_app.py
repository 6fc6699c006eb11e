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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from engine.config import Tree, load, resolve
from engine.errors import InputError, Interrupted, PoquanError, StorageError
from engine.spec.base import Spec
from engine.spec.study import Job
from experiments import _help, _overlay
from experiments._refusals import check_not_empty, translate
from experiments._sweep import jobs_of

if TYPE_CHECKING:
    from engine.results import Claim

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
Check = Callable[[JobT, Sequence[str]], None]


def app(
    command: Command[JobT], job: type[JobT], check: Check[JobT] | None = None
) -> Callable[[], None]:
    """Make the `main` of a command.

    Parameters
    ----------
    command : what to do with a validated job, the output folder and the resolved config.
    job : the specification of its config, which is `conf/<name of the command>.yaml`.
    check : refuses a job, with the overrides that led to it, before anything is written.
    """

    @functools.wraps(command)
    def task(cfg: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        with _one_message(folder):
            todo = load(cfg, job)
            if isinstance(todo, Job):
                from engine.results import put_claim

                put_claim(folder, claim_of(todo))
            command(todo, folder, resolve(cfg))

    def main() -> None:
        Door.command, Door.job, Door.check = command.__name__, job, check
        _overlay.install()
        _help.install()
        os.environ["HYDRA_FULL_ERROR"] = "1"  # lets Hydra's errors reach us
        sys.argv[1:] = sorted(sys.argv[1:], key=_is_override)  # its parser wants flags first
        run = hydra.main(config_path=str(CONF), config_name=command.__name__, version_base="1.3")
        try:
            with _one_message(None):
                run(task)()
        except ValueError as error:
            if not _is_hydras(error):
                raise
            _stop(translate(error))

    return main


class Door(Callback):
    """Hydra's callback that checks jobs before a folder is made.

    Hydra only warns of a callback's exceptions; leaving the program is not one.
    """

    command: str
    job: type[Spec]
    check: Check[Any] | None
    there_before: frozenset[Path] = frozenset()

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a bad job of a single run."""
        with _one_message(None):
            folder = _named_folder(config, "hydra.run.dir")
            self._admit(config, "hydra.run.dir", folder)
            self._enter(folder)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a sweep with a bad job before the first one runs."""
        with _one_message(None):
            folder = _named_folder(config, "hydra.sweep.dir")
            for job in jobs_of(config):
                self._admit(job, "hydra.sweep.dir", folder / str(job.hydra.sweep.subdir))
            self._enter(folder)

    @classmethod
    def _admit(cls, config: DictConfig, key: str, folder: Path) -> None:
        """Refuse a job that cannot be done, or not in this folder."""
        check_not_empty(config)
        ours = [str(name) for name in config if name != "hydra"]
        job = load(OmegaConf.masked_copy(config, ours), cls.job)
        if not isinstance(job, Job):
            return
        from engine.checks import check_job
        from engine.results import check_claim

        check_job(job)
        if cls.check is not None:
            cls.check(job, list(config.hydra.overrides.task))
        check_claim(folder, claim_of(job), key, HYDRAS_OWN)

    @staticmethod
    def _enter(folder: Path) -> None:
        """Make the output folder, remembering what was there before."""
        ancestors = (folder.absolute(), *folder.absolute().parents)
        Door.there_before = frozenset(place for place in ancestors if place.exists())
        nearest = next(place for place in ancestors if place in Door.there_before)
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            problem = "is not writable" if nearest.is_dir() else "is a file, not a folder"
            raise _unwritable(folder, f"{nearest} {problem}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error.strerror or str(error)) from None


def _named_folder(config: DictConfig, key: str) -> Path:
    named = OmegaConf.select(config, key)
    if not named:
        raise InputError(
            key,
            "is empty: results would lie among what is in the folder you are in",
            "a folder for the results alone",
            f"name one, e.g. {key}=outputs/mine, or leave it out",
        )
    return Path(str(named))


def claim_of(job: Job) -> "Claim":
    """Return what marks the output folder of a job as its own."""
    from engine.results import Claim

    return Claim(Door.command, job.identity())


@contextmanager
def _one_message(folder: Path | None) -> Iterator[None]:
    """End the command with one message for what a user can meet; bugs pass through."""
    try:
        yield
    except KeyboardInterrupt:
        _stop(Interrupted("interrupted"), folder)
    except PoquanError as error:
        _stop(error, folder)
    except (HydraException, OmegaConfBaseException, yaml.MarkedYAMLError) as error:
        _stop(translate(error), folder)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        place = folder or Path(error.filename or ".")
        _stop(_unwritable(place, error.strerror or str(error)), folder)


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
    from engine.results import MARKER

    for place in (folder, *folder.parents):
        if place in Door.there_before or not place.is_dir():
            return
        files = (file.relative_to(place) for file in place.rglob("*") if file.is_file())
        if any(not set(file.parts) & {*HYDRAS_OWN, MARKER} for file in files):
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

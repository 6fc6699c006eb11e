"""Validates the jobs of a command, and claims its output folder, before anything runs."""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from engine.config import load, resolve
from engine.errors import InputError
from engine.spec.base import Spec
from engine.spec.jobs import Job
from experiments._exit import HYDRAS_OWN, CommandLine, one_message, unwritable
from experiments._hidden import hide_in
from experiments._hydra_errors import check_not_empty
from experiments._job import check_outlives_job
from experiments._own_files import with_files
from experiments._places import check_folder_here, is_address, numbered, open_store
from experiments._sweep import SweepJob, conclude_sweep, jobs_of

if TYPE_CHECKING:
    from engine.results import Claim

_Check = Callable[[Any, Sequence[str]], None]
_ASKED = "experiment.scenario"
_RUN, _SWEEP = "hydra.run.dir", "hydra.sweep.dir"
_LONGEST_NAME = 200
"""Bytes of a folder's name, below what file systems take, since a number may be added."""


class JobValidation(Callback):
    """Hydra's callback that validates jobs and claims their folder before anything runs.

    Hydra only warns of a callback's exceptions; leaving the program is not one.
    """

    command: str
    job: type[Spec]
    check: _Check | None

    def __init__(self) -> None:
        self._jobs: list[SweepJob] = []

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a bad job of a single run; lock its folder."""
        with one_message():
            hide_in(config)
            claim = self._validated(config)
            folder = _named_folder(config, _RUN)
            if config.hydra.output_subdir is not None:  # it has a folder of its own
                check_outlives_job(_RUN, folder)
                _claim_folder(config, _RUN, {"": claim})
            else:
                check_folder_here(folder, _RUN)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a sweep with a bad job before the first one runs; lock its folder."""
        with one_message():
            hide_in(config)
            check_outlives_job(_SWEEP, _named_folder(config, _SWEEP))
            claims: dict[str, Claim | None] = {}
            self._jobs = []
            for job, words in jobs_of(config):
                subfolder = str(job.hydra.sweep.subdir)
                claims[subfolder] = self._validated(job)
                self._jobs.append(SweepJob(words, subfolder, resolve(_ours(job))))
            _claim_folder(config, _SWEEP, claims)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Leave one table over all jobs, and the exit status 1 if some are not finished."""
        if not issubclass(self.job, Job):
            return
        with one_message():
            status = conclude_sweep(Path(_named_folder(config, _SWEEP)), self._jobs)
        if status:
            raise SystemExit(status)

    @classmethod
    def _validated(cls, config: DictConfig) -> "Claim | None":
        """Refuse a job that cannot be done; return what marks its folder, if it is marked."""
        check_not_empty(config)
        _check_scenario_asked(config)
        try:
            job = load(_ours(config), cls.job)
            if not isinstance(job, Job):
                return None
            from engine.checks import check_job

            _check_typed_counts(config, job)
            check_job(job)
            if cls.check is not None:
                cls.check(job, list(config.hydra.overrides.task))
        except InputError as error:
            raise with_files(error, config.hydra) from None
        return _claim_of(cls.command, job)


def _check_scenario_asked(config: DictConfig) -> None:
    """Refuse a named experiment in another scenario than the one that its file is about.

    Raises
    ------
    InputError
        In place of every date, kind and amount of it that does not fit there.
    """
    asked, name = (OmegaConf.select(config, key) for key in (_ASKED, "scenario.name"))
    if asked is None or name in {asked, f"{asked}_calibrated"}:
        return
    named = config.hydra.runtime.choices.get("experiment")
    raise InputError(
        "experiment",
        f"{named} asks about the scenario {asked}, with its dates, kinds and amounts, and the "
        f"scenario is {name}",
        f"scenario={asked}",
        f"leave scenario=... and --config-dir out, or copy conf/experiment/{named}.yaml into "
        f"experiment/ of a config folder of yours, fit it to {name}, and say so in {_ASKED}",
    )


def _check_typed_counts(config: DictConfig, job: Job) -> None:
    """Refuse a count that was typed and is not that of an own table.

    Raises
    ------
    InputError
        If there is one: a count that nobody typed follows the table.
    """
    typed = {str(word).lstrip("+").split("=")[0] for word in config.hydra.overrides.task}
    for name in ("anchors", "suppliers", "buyers"):
        key, source = f"scale.{name}_count", job.tables.named(name).get(name)
        asked, found = OmegaConf.select(config, key), getattr(job.scale, f"{name}_count")
        if source is not None and key in typed and asked != found:
            raise InputError(
                key,
                f"{asked} were asked for, and tables.{name} has {source.rows_count} rows",
                f"{found}",
                f"leave {key} out: it follows the table"
                + ("; tables.buyers_share=0.1 takes a tenth of it" if name == "buyers" else ""),
            )


@contextmanager
def job_folder_claimed(folder: Path, command: str, job: Job) -> Iterator[None]:
    """Lock and mark the folder of one job of a sweep, in whatever process that runs."""
    from engine.results import FolderLock

    lock = FolderLock.take_or_refuse(folder, _SWEEP)
    CommandLine.current.locks.append(lock)
    try:
        claim = _claim_of(command, job)
        claim.check(folder, _SWEEP, HYDRAS_OWN)
        claim.put(folder)
        yield
    finally:
        CommandLine.current.locks.remove(lock)
        lock.release()


def _ours(config: DictConfig) -> DictConfig:
    """Return a config without Hydra's settings."""
    names = [str(name) for name in config if name != "hydra"]
    return OmegaConf.masked_copy(config, names)


def _claim_of(command: str, job: Job) -> "Claim":
    """Return what marks the output folder of a job as its own."""
    from engine.results import Claim

    return Claim(command, job.identity())


def _claim_folder(config: DictConfig, key: str, claims: "Mapping[str, Claim | None]") -> None:
    """Lock the folder of a run or sweep, under another name if its own is taken by chance.

    A name that is a time of day is nobody's choice: two commands started in one second
    have the same. The later one gets a number added; a name that the user chose is refused.

    Parameters
    ----------
    config : Hydra's config, whose `key` is changed to the folder taken.
    key : the key of the folder.
    claims : by name of each job's folder within, what marks it; None if it is not marked.
    """
    from engine.results.storage import open_folder

    named = _named_folder(config, key)
    group = key.split(".")[1]
    raw = OmegaConf.to_container(config.hydra[group], resolve=False)
    assert isinstance(raw, dict)
    is_given = "${now:" not in str(raw["dir"])
    if is_address(named):
        open_folder(named)  # refused here, whatever number it gets
    for number in itertools.count(1):
        name = numbered(named, number)
        try:
            place = _taken(name, key, claims)
        except InputError:
            if is_given:
                raise
        else:
            break
    if place != Path(named):
        with read_write(config), open_dict(config):
            config.hydra[group].dir = str(place)
            quoted = str(place).replace("'", "\\'")
            config.hydra.overrides.hydra.append(f"{key}='{quoted}'")  # for the jobs of a sweep


def _taken(name: str, key: str, claims: "Mapping[str, Claim | None]") -> Path:
    """Lock a folder, also one of a store; return it, or the local one that stands for it."""
    from engine.results.storage import local_path

    here = local_path(name)
    staging = open_store(name, key, claims) if here is None else None
    place = staging.local if staging else here
    assert place is not None
    _take(place, key, {place / job: claim for job, claim in claims.items()})
    if staging:
        staging.start()
    return place


def _take(place: Path, key: str, claims: Mapping[Path, "Claim | None"]) -> None:
    """Lock one folder, make sure that all jobs may write there, and mark it."""
    from engine.results import FolderLock

    _check_can_be_made(place)
    try:
        lock = FolderLock.take_or_refuse(place, key)
    except OSError as error:
        raise unwritable(place, error.strerror or str(error)) from None
    CommandLine.current.locks.append(lock)
    try:
        for folder, claim in claims.items():
            if claim is not None:
                claim.check(folder, key, HYDRAS_OWN)
    except InputError:
        lock.remove_if_empty(HYDRAS_OWN)
        CommandLine.current.locks.remove(lock)
        lock.release()
        raise
    if claim := claims.get(place):
        claim.put(place)


def _check_can_be_made(folder: Path) -> None:
    ancestors = (folder.absolute(), *folder.absolute().parents)
    nearest = next(place for place in ancestors if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        problem = "is not writable" if nearest.is_dir() else "is a file, not a folder"
        raise unwritable(folder, f"{nearest} {problem}")


def _named_folder(config: DictConfig, key: str) -> str:
    named = OmegaConf.select(config, key)
    if not named:
        raise InputError(
            key,
            "is empty: results would lie among what is in the folder you are in",
            "a folder for the results alone",
            f"name one, e.g. {key}=outputs/mine, or leave it out",
        )
    _check_name(key, str(named))
    return str(named)


def _check_name(key: str, named: str) -> None:
    """Refuse names under which results would lie elsewhere than they say, or cannot lie."""
    remedy = f"name another folder, e.g. {key}=outputs/mine"
    if ("\\" in named and os.sep != "\\") or "\0" in named:
        raise InputError(key, f"got {named!r}", "a path without backslashes", remedy)
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in Path(named).parts):
        what = f"got a name of {len(named)} letters"
        raise InputError(key, what, f"names of at most {_LONGEST_NAME} bytes", remedy)
    if is_address(named):
        from engine.results.storage import check_store, local_path

        if local_path(named, key) is None:
            check_store(named, key)

"""What all commands share: Hydra in front, one place where every error ends.

A command is a function of (job, folder, config). Around it: Hydra composes, the jobs are
validated and the folder is claimed before anything runs, and what goes wrong becomes one
message and an exit status: 2 for a mistake of the user's, 1 for the cluster and the disk,
130 when interrupted. Only a bug of ours shows a traceback.
"""

import atexit
import functools
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import hydra
from hydra._internal.hydra import Hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from engine.config import Tree, load, resolve
from engine.secrets import hide
from engine.spec.base import Spec
from engine.spec.jobs import Job
from engine.spec.optimize import OptimizeJob
from engine.spec.words import in_words
from experiments import _help, _hidden
from experiments._exit import CommandLine, check_place, closed_pipe_ends, mistake, one_message, stop
from experiments._found import notes_on_found
from experiments._sources import CONF, read_dated_levers
from experiments._sweep import run_in_sweep
from experiments._validation import JobValidation, job_folder_claimed

_AS_GIVEN = ("simulate", "compare")
"""Commands under which a policy is in force from the day on that the job says."""

_JobT = TypeVar("_JobT", bound=Spec)
_Command = Callable[[_JobT, Path, Tree], None]
_Check = Callable[[_JobT, Sequence[str]], None]


def app(
    command: _Command[_JobT], job: type[_JobT], check: _Check[_JobT] | None = None
) -> Callable[[], None]:
    """Make the `main` of a command.

    Parameters
    ----------
    command : what to do with a validated job, the output folder and the resolved config.
    job : the specification of its config, which is `conf/<name of the command>.yaml`.
    check : refuses a job, with the overrides that led to it, before anything is written.
    """
    name = command.__name__  # no state of this process: a launcher may take the task to another

    @functools.wraps(command)
    def task(cfg: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        in_sweep = HydraConfig.get().mode is RunMode.MULTIRUN
        with closed_pipe_ends(), one_message(folder):
            todo, config = load(cfg, job), resolve(cfg)
            _print_notes(todo, name)
            if not (in_sweep and isinstance(todo, Job)):
                if isinstance(todo, Job):
                    CommandLine.current.note_in(folder)
                command(todo, folder, config)
                return

            def work() -> None:
                with job_folder_claimed(folder, name, todo):
                    command(todo, folder, config)

            run_in_sweep(work, folder, config)

    @closed_pipe_ends()
    def main() -> None:
        atexit.register(leave_at_once)
        check_place()
        JobValidation.command, JobValidation.job = command.__name__, job
        JobValidation.check = check
        _help.install()
        _hidden.install()
        os.environ["HYDRA_FULL_ERROR"] = "1"  # lets Hydra's errors reach us
        sys.argv[1:] = [hide(word) for word in sys.argv[1:]]
        sys.argv[1:] = sorted(sys.argv[1:], key=_is_override)  # its parser wants flags first
        CommandLine.current = typed = CommandLine(command.__name__, sys.argv[1:])
        run = hydra.main(config_path=str(CONF), config_name=command.__name__, version_base="1.3")
        try:
            with one_message(), _composing_once():
                typed_and_own = read_dated_levers(
                    sys.argv[1:], command.__name__, issubclass(job, Job)
                )
                own = [hide(word) for word in typed_and_own]
                sys.argv[1:] = sorted(own, key=_is_override)
                run(task)()
        except ValueError as error:
            if not _is_hydras(error):
                raise
            stop(mistake(error))
        finally:
            typed.release_locks()
            with one_message():
                typed.close_stores()

    return main


def leave_at_once() -> None:
    """Let a process end without a last search for garbage, which takes as long as it took to load.

    So nothing is closed by that search: what is written to is closed by `with`, and what must end
    with the process has a handler of its own.
    """
    gc.disable()
    gc.freeze()


@contextmanager
def _composing_once() -> Iterator[None]:
    """Take Hydra's place in looking for `hydra.mode`, for which it composes the whole config.

    Of the files that may be read none sets it (`check_foreign_config`, and `conf` does not), so
    that without a word on it the mode is that of the flags, and one composition is enough.
    """
    composed_mode = Hydra.get_mode

    def mode(self: Hydra, config_name: str | None, overrides: list[str]) -> Any:
        is_typed = any("mode" in word for word in overrides)
        return composed_mode(self, config_name, overrides) if is_typed else None

    Hydra.get_mode = mode  # type: ignore[method-assign]
    try:
        yield
    finally:
        Hydra.get_mode = composed_mode  # type: ignore[method-assign]


def _print_notes(job: Spec, command: str) -> None:
    """Say what of a job lies outside its horizon, and which limits seem to lack a unit."""
    if isinstance(job, Job):
        from engine.horizon import horizon_notes

        notes = [*job.scenario.size_notes(), *horizon_notes(job)]
        notes += notes_on_found(job, from_its_day=command in _AS_GIVEN)
        if isinstance(job, OptimizeJob):
            notes += [*job.objective.limit_notes(), *job.target_notes()]
        for note in notes:
            print(in_words(f"Note: {note}.", job.scenario.currency, job.scenario.words))


def _is_override(word: str) -> bool:
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def _is_hydras(error: BaseException) -> bool:
    """Tell whether Hydra itself raised `error`: it refuses misused flags by ValueError."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and place.tb_frame.f_globals["__name__"].startswith("hydra.")

"""One job of a sweep, in whatever process it runs, and what the sweep leaves at its end.

A job notes how it ended in a file of its folder, so that the command that launched it knows,
whichever launcher took it to which process. A job that fails does not end the sweep; one that
has finished, by the same code and config, is not done again.
"""

import itertools
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict

from engine.config import Tree
from engine.errors import HeadLostError, Interrupted, PoquanError
from engine.secrets import masked
from experiments._exit import CommandLine, is_of_the_disk, unwritable

if TYPE_CHECKING:  # it reads results, for which --help must not wait
    from engine.collection import StudyMember

_ENDED: Final = Path(".hydra") / "ended.json"
"""How a job of a sweep ended, within its folder."""


_WHERE: Final = ("ray", "threads")
"""Keys of a job that say where it runs, on which nothing that it leaves depends."""


class SweepJob(NamedTuple):
    """One job of a sweep: what was swept, its folder within the sweep's, its config."""

    words: tuple[str, ...]
    folder: str
    tree: Tree


def run_in_sweep(work: Callable[[], None], folder: Path, config: Tree) -> None:
    """Do one job of a sweep, unless it is finished, and note how it ended.

    Parameters
    ----------
    work : does it.
    folder : of the job.
    config : the resolved config.

    Raises
    ------
    PoquanError
        If no further job can be done: after an interruption, or where the cluster is gone.
    """
    from engine.collection import FAILED, FINISHED

    if _ended(folder, config).get("state") == FINISHED:
        print(f"Finished before: {folder}")
        return
    try:
        work()
    except (KeyboardInterrupt, Interrupted, HeadLostError):
        raise
    except PoquanError as error:
        _note(folder, config, FAILED, str(error))
    except OSError as error:
        is_ours = is_of_the_disk(error)
        said = str(unwritable(folder, error.strerror or str(error)))
        _note(folder, config, FAILED, said if is_ours else traceback.format_exc())
    except Exception:  # noqa: BLE001 - a bug of ours costs its job alone, and shows its trace
        _note(folder, config, FAILED, traceback.format_exc())
    else:
        _note(folder, config, FINISHED, "")


def conclude_sweep(place: Path, jobs: Sequence[SweepJob]) -> int:
    """Leave `sweep` and its page in the sweep's folder, print it and what failed.

    Return the exit status.
    """
    from engine.collection import FINISHED, collected_rows
    from engine.report import build_report
    from engine.report.terminal.collection import print_collection
    from engine.results import Results
    from experiments._runs import console_of, in_their_currency, print_folder

    members = _members(place, jobs)
    results = Results(
        place, in_their_currency(jobs[0].tree, members), int(jobs[0].tree.get("seed", 0))
    )
    rows = collected_rows(members)
    results.write_rows("sweep", rows)
    results.finish()
    CommandLine.current.note_in(place)
    build_report(place)
    print_collection(members, rows, console_of(results))
    print_folder(place)
    left = [member for member in members if member.state != FINISHED]
    for member in left:
        reason = member.message.strip() or "it was not finished"
        print(f"{member.state}: {member.name} ({member.folder})\n  {reason}", file=sys.stderr)
    if left:
        print(
            f"{len(left)} of {len(members)} jobs are not finished; the same command with "
            f"hydra.sweep.dir={place} does them alone",
            file=sys.stderr,
        )
    return PoquanError.status if left else 0


def jobs_of(config: DictConfig) -> Iterator[tuple[DictConfig, tuple[str, ...]]]:
    """Yield the config of every job that Hydra's own sweeper will make of `-m`, and its words.

    It takes the product of all values, the last key the fastest; of two overrides of one key
    the later one. Words are the overrides that differ between jobs.

    Parameters
    ----------
    config : the config that a multirun starts with, Hydra's settings included.
    """
    typed = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    loader = GlobalHydra.instance().config_loader()
    values: dict[str, list[str]] = {}
    for override in typed:
        key = override.get_key_element()
        values[key] = [f"{key}={value}" for value in _values_of(override)]
    swept = {word for words in values.values() if len(words) > 1 for word in words}
    for number, overrides in enumerate(itertools.product(*values.values())):
        job = loader.load_sweep_config(config, list(overrides))
        with open_dict(job):
            job.hydra.job.num, job.hydra.job.id = number, str(number)
        yield job, tuple(word for word in overrides if word in swept)


def _values_of(override: Override) -> Iterator[str]:
    """Yield the values of one override, as they are typed."""
    if not override.is_sweep_override():
        yield override.get_value_element_as_str()
    elif override.is_discrete_sweep():
        yield from override.sweep_string_iterator()
    else:  # Hydra's own sweeper would say so too, after it has made the folder
        kind = override.value_type.name if override.value_type else "UNKNOWN"
        raise HydraException(f"BasicSweeper does not support sweep type : {kind}")


def _members(place: Path, jobs: Sequence[SweepJob]) -> "list[StudyMember]":
    from engine.collection import OPEN, StudyMember, distinct_names

    keys = [dict(_key_and_value(word) for word in job.words) for job in jobs]
    names = distinct_names(keys)
    found = []
    for name, own, job in zip(names, keys, jobs, strict=True):
        ended = _ended(place / job.folder, job.tree)
        state, message = ended.get("state", OPEN), ended.get("message", "")
        found.append(StudyMember(name, own, place / job.folder, state, message))
    return found


def _key_and_value(word: str) -> tuple[str, Any]:
    key, _, text = word.lstrip("+").partition("=")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    return key, value if isinstance(value, bool | int | float) else text


def _ended(folder: Path, config: Tree) -> dict[str, str]:
    """Return how the job of this config ended in a folder, by this code; empty if it did not."""
    try:
        found = json.loads((folder / _ENDED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("of") == _of(config) else {}


def _note(folder: Path, config: Tree, state: str, message: str) -> None:
    """Note how a job ended; where even that cannot be written, it counts as not finished."""
    message = masked(message)
    if message:
        print(message, file=sys.stderr)
    tree = {"of": _of(config), "state": state, "message": message}
    path = folder / _ENDED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(tree), encoding="utf-8")
    except OSError as error:
        print(unwritable(folder, error.strerror or str(error)), file=sys.stderr)


def _of(config: Tree) -> str:
    """Name what a job leaves: its config but for where it runs, and the code."""
    from engine.compute.workers import Code
    from engine.results import config_hash

    scale = {key: value for key, value in config.get("scale", {}).items() if key != "shards"}
    kept = {key: value for key, value in config.items() if key not in _WHERE} | {"scale": scale}
    return f"{config_hash(kept)} {Code.own().sources}"

"""`python -m experiments.report`: rebuild report.html from a folder of results, or compare some."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from engine.config import Tree
from engine.errors import InputError
from engine.secrets import masked
from engine.spec.jobs import ReportJob
from experiments._app import app
from experiments._exit import CommandLine
from experiments._job import check_outlives_job


def report(job: ReportJob, folder: Path, config: Tree) -> None:  # noqa: ARG001  # all commands
    """Write report.html into the folder that the job names, or compare several; say what lacks."""
    _check_named_once(HydraConfig.get().overrides.task)
    for name in job.folders:
        check_outlives_job("folder", name)
    places = [_checked(name) for name in job.folders]
    if len(places) > 1:
        check_outlives_job("into", job.into)
        _compare(places, job.into, config)
        return
    from engine.report import build_report, read_study

    study = read_study(places[0])
    page = build_report(places[0], study, job.report.language)
    print(f"Report: {_kept(page, job.folders[0])}")
    if study.incomplete:
        print(f"Note: {study.incomplete}.")


def _check_named_once(words: Sequence[str]) -> None:
    """Refuse a second `folder=`, of which Hydra would take the last alone.

    Raises
    ------
    InputError
        With the words that compare the folders.
    """
    named = [word.partition("=")[2].strip("[]") for word in words if word.startswith("folder=")]
    if len(named) > 1:
        raise InputError(
            "folder",
            f"given {len(named)} times",
            "once: a folder, or a list of several to compare",
            f"compare them by 'folder=[{masked(','.join(named))}]'",
        )


def _kept(page: Path, folder: str) -> str:
    """Return where the page is: beside the tables, also where these are in a store."""
    from engine.results.storage import local_path, open_folder

    if local_path(folder) is not None:
        return str(page)
    place = open_folder(folder)
    place.put(page.name, page.read_bytes())
    return f"{place.address}/{page.name}"


def _compare(places: list[Path], into: str, config: Tree) -> None:
    """Print the policies of several folders side by side; leave them in one table."""
    from engine.collection import collected_rows, members_of_folders
    from engine.report import build_report
    from engine.report.terminal.collection import print_collection
    from engine.results import Results, local_folder
    from engine.results.storage import local_path, open_folder
    from experiments._places import told_place
    from experiments._runs import console_of, in_their_currency

    place = open_folder(into)
    if place.names():
        raise InputError(
            "into",
            f"{place.address} holds something that would be overwritten",
            "a new or empty folder",
            "name another, or leave it out for a new one",
        )
    members = members_of_folders(places)
    rows = collected_rows(members)
    results = Results(into, in_their_currency(config, members), 0)
    results.write_rows("sweep", rows)
    results.finish()
    CommandLine.current.note_in(into)
    _kept(build_report(local_folder(into, "into")), into)
    print_collection(members, rows, console_of(results))
    here = local_path(into)
    print(f"Results: {place.address if here is None else told_place(here)}")


def _checked(name: str) -> Path:
    """Return a folder that has results in it.

    Raises
    ------
    InputError
        If it is not there, or has none: also where its command was stopped before the first table.
    """
    from engine.results import list_tables, local_folder
    from engine.results.typed import typed_again

    place = local_folder(name, "folder")
    if not place.is_dir():
        raise InputError(
            "folder",
            f"there is no folder {masked(name)!r}",
            "the output folder of a finished command",
            "give one, e.g. folder=outputs/optimize/TIME",
        )
    if not list_tables(place):
        again = typed_again(place)
        lack = ": it is incomplete, its command was interrupted or still runs" if again else ""
        go_on = f"go on with it: {again} hydra.run.dir={masked(name)}"
        raise InputError(
            "folder",
            f"there are no results to report on in {masked(name)}{lack}",
            "the output folder of a finished command",
            go_on if again else "give one, e.g. folder=outputs/COMMAND/TIME",
        )
    return place


main = app(report, ReportJob)

if __name__ == "__main__":
    main()

"""`python -m experiments.report`: rebuild report.html from a folder of results, or compare some."""

from pathlib import Path

from engine.config import Tree
from engine.errors import InputError
from engine.spec.jobs import ReportJob
from experiments._app import app


def report(job: ReportJob, folder: Path, config: Tree) -> None:  # noqa: ARG001  # all commands
    """Write report.html into the folder that the job names, or compare several; say what lacks."""
    places = [_checked(place) for place in job.folders]
    if len(places) > 1:
        _compare(places, Path(job.into), config)
        return
    from engine.report import build_report, read_study

    study = read_study(places[0])
    print(f"Report: {build_report(places[0], study, job.report.language)}")
    if study.incomplete:
        print(f"Note: {study.incomplete}.")


def _compare(places: list[Path], into: Path, config: Tree) -> None:
    """Print the policies of several folders side by side; leave them in one table."""
    from engine.collection import collected_rows, members_of_folders
    from engine.report import build_report
    from engine.report.terminal.collection import print_collection
    from engine.results import Results

    if into.exists() and any(into.iterdir()):
        raise InputError(
            "into",
            f"{into} holds something that would be overwritten",
            "a new or empty folder",
            "name another, or leave it out for a new one",
        )
    members = members_of_folders(places)
    rows = collected_rows(members)
    results = Results(into, config, 0)
    results.write_rows("sweep", rows)
    results.finish()
    build_report(into)
    print_collection(members, rows)
    print(f"Results: {into}")


def _checked(name: str) -> Path:
    """Return a folder that has results in it.

    Raises
    ------
    InputError
        If it is not there, or has none.
    """
    from engine.results import list_tables

    place = Path(name)
    if not place.is_dir():
        raise InputError(
            "folder",
            f"there is no folder {name!r}",
            "the output folder of a finished command",
            "give one, e.g. folder=outputs/optimize/TIME",
        )
    if not list_tables(place):
        raise InputError(
            "folder",
            f"there are no results to report on in {name}",
            "the output folder of a finished command",
            "give one, e.g. folder=outputs/COMMAND/TIME",
        )
    return place


main = app(report, ReportJob)

if __name__ == "__main__":
    main()

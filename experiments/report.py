"""`python -m experiments.report`: rebuild report.html from a folder of results."""

from pathlib import Path

from engine.config import Tree
from engine.errors import InputError
from engine.spec.jobs import ReportJob
from experiments._app import app


def report(job: ReportJob, folder: Path, config: Tree) -> None:  # noqa: ARG001  # all commands
    """Write report.html into the folder that the job names; say if results are incomplete."""
    place = Path(job.folder)
    if not place.is_dir():
        raise InputError(
            "folder",
            f"there is no folder {job.folder!r}",
            "the output folder of a finished command",
            "give one, e.g. folder=outputs/optimize/TIME",
        )
    from engine.report import build_report, read_study
    from engine.results import list_tables

    if not list_tables(place):
        raise InputError(
            "folder",
            f"there are no results to report on in {job.folder}",
            "the output folder of a finished command",
            "give one, e.g. folder=outputs/COMMAND/TIME",
        )

    study = read_study(place)
    print(f"Report: {build_report(place, study, job.report.language)}")
    if study.incomplete:
        print(f"Note: {study.incomplete}.")


main = app(report, ReportJob)

if __name__ == "__main__":
    main()

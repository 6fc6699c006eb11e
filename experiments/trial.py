"""`python -m experiments.trial`: what a test of a policy in the market would say."""

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.config import Tree
from engine.errors import InputError
from engine.spec.trial import TrialJob
from experiments._app import app
from experiments._exit import one_message


def trial(job: TrialJob, folder: Path, config: Tree) -> None:
    """Try a policy in tests inside the market; leave `trial`, `runs`, `daily` and the report."""
    from engine.cases import cases
    from engine.report.terminal.trial import print_trial
    from engine.results import read_table
    from engine.trial import arm_policies, held_in_both, rows_of_tests
    from experiments._runs import conclude, print_changes, print_folder, run_cases

    print(f"Tried: {job.policy.name}, against {job.control.name}.", flush=True)
    todo = cases(job, arm_policies(job).values())
    results, found = run_cases(job, todo, folder, config, details=True)
    runs = [one.labels | one.run for one in found]
    rows = rows_of_tests(job, read_table(folder, "daily"), runs)
    results.write_rows("trial", rows)
    print_trial(rows, conclude(results, folder), job)
    print_changes(folder, config)
    if held := held_in_both(job):
        is_ = "is" if len(held) == 1 else "are"
        print(f"Note: {', '.join(held)} {is_} as tried in all arms: no day can switch.")
    print_folder(folder)


def check(job: TrialJob, overrides: Sequence[str]) -> None:  # noqa: ARG001  # all checks
    """Refuse policies between which there is nothing to switch."""
    from engine.trial import arm_policies

    arm_policies(job)


def _check_folder(folder: str) -> None:
    """Refuse a first word that is no folder with policies, which would leave those usual.

    Raises
    ------
    InputError
        If it is not there, or has none: also where its search was stopped before its end.
    """
    if not Path(folder).is_dir():
        raise InputError(
            "FOLDER",
            f"there is no folder {folder}",
            "the output folder of a search, or none",
            "correct the path",
        )
    if any((Path(folder) / "policy").glob("*.yaml")):
        return
    from engine.results.typed import typed_again

    again = typed_again(Path(folder))
    go_on = f"go on with it: {again} hydra.run.dir={folder}; or" if again else "give another, or"
    raise InputError(
        "FOLDER",
        f"{folder} holds no finished search: there are no policies in it, policy/*.yaml",
        "the output folder of a finished search, or none",
        f"{go_on} leave it out",
    )


_run = app(trial, TrialJob, check)


def main() -> None:
    """Take a folder of a search as the first word for `--config-dir`."""
    words = sys.argv[1:]
    if words and "=" not in words[0] and words[0][:1] not in {"-", "~", "+", ""}:
        with one_message():
            _check_folder(words[0])
        sys.argv[1:] = ["--config-dir", *words]
    _run()


if __name__ == "__main__":
    main()

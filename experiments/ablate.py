"""`python -m experiments.ablate`: every mechanism off in turn, against all on."""

from pathlib import Path

from engine.config import Tree
from engine.spec.jobs import SimulateJob
from experiments._app import app


def ablate(job: SimulateJob, folder: Path, config: Tree) -> None:
    """Leave `ablation`, `runs` and the report; say which shows no effect."""
    from engine.ablate import ablations, effects, indistinguishable
    from engine.cases import cases
    from engine.report.terminal.policies import print_ablation
    from experiments._runs import conclude, print_changes, print_folder, run_cases

    todo = list(ablations(cases(job, [job.policy])))
    results, runs = run_cases(job, todo, folder, config, details=False)
    rows = effects(runs)
    results.write_rows("ablation", rows)
    print_ablation(rows, conclude(results, folder), job.policy.name)
    for name, acted in indistinguishable(rows).items():
        if acted:
            print(
                f"Note: {name} is not distinguishable from zero on its own measures; "
                "try more replications."
            )
        else:
            print(
                f"Note: {name} never acted in these runs: with it off, every measure is exactly "
                "the same. More replications do not help; another policy or scenario may."
            )
    print_changes(folder, config)
    print_folder(folder)


main = app(ablate, SimulateJob)

if __name__ == "__main__":
    main()

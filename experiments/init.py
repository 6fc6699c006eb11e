"""`python -m experiments.init FOLDER [fact=value]`: a config folder for a market of one's own."""

import re
import sys
from pathlib import Path

from engine.errors import InputError, PoquanError
from engine.starter.facts import Facts, read_facts
from engine.starter.folder import starter_files, write_folder
from experiments._exit import check_place, closed_pipe_ends
from experiments._job import check_outlives_job
from experiments._sources import CONF

_HELP = """\
init: a config folder for a market of your own, at the size of a few facts

python -m experiments.init FOLDER [fact=value]

Writes scenario, unknowns, worlds, policies, space, questions, observed figures and a README
into a new folder. It is the scenario kuaishou_2020 with everything that has a scale moved to
the size of the facts; what is not given is assumed, and said. Every command then takes the
folder by --config-dir FOLDER.

Examples
--------
python -m experiments.init mine users_million=30 order_value=150 goal_bn=20
python -m experiments.init mine gmv_bn=[1.4,1.2,1.6,1.7] order_value=45 year=2026 currency=USD

Facts
-----
"""


def init(words: list[str]) -> None:
    """Write the folder that the words ask for, and say what was assumed."""
    folders = [word for word in words if "=" not in word and not word.startswith("-")]
    flags = [word for word in words if word.startswith("-")]
    if {"-h", "--help"} & set(flags):
        print(_HELP + "\n".join(_fact_lines()))
        return
    if flags or len(folders) != 1:
        got = " ".join(flags or folders) or "nothing"
        raise InputError(
            "init", f"got {got}", "one folder, and facts as key=value", "see --help; e.g. init mine"
        )
    folder = Path(folders[0])
    check_outlives_job("init", folder)
    facts = read_facts([word for word in words if "=" in word])
    files, assumed = starter_files(_name_of(folder), facts, CONF)
    write_folder(folder, files)
    print(f"Wrote {folder}: {len(files)} files. Assumed:")
    for text in assumed:
        print(f"- {text}")
    print(f"Next: python -m experiments.simulate --config-dir {folder} scale=smoke")


def _name_of(folder: Path) -> str:
    """Name the market by its folder, in letters that need no quotes anywhere."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.absolute().name.lower()).strip("_")
    return name[:40] if name and not name[0].isdigit() else f"market_{name}"[:40].rstrip("_")


def _fact_lines() -> list[str]:
    return [f"{name:16}{field.description or ''}" for name, field in Facts.model_fields.items()]


@closed_pipe_ends()
def main() -> None:
    """Run the command; end with one message and the status of what went wrong."""
    check_place()
    try:
        init(sys.argv[1:])
    except PoquanError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.status) from None


if __name__ == "__main__":
    main()

"""`python -m experiments.explore FOLDER`: try policies on a finished search, in a browser."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.secrets import hide
from experiments._exit import closed_pipe_ends, one_message

_HELP: Final = """explore: try policies on a finished search, in a browser

python -m experiments.explore FOLDER

FOLDER is the output folder of experiments.optimize or experiments.replan, or its address. Two
policies stand side by side: sliders for the levers of the search, and at once what they are likely
to bring, from a surrogate fitted to its trials, with its cross-validated error. A button runs the
real simulation and has the surrogate learn from it; another saves the policy as YAML for
experiments.simulate.
The page is served on this machine alone (127.0.0.1). Needs the extra `explorer`.
"""

_PAGE: Final = Path(__file__).with_name("_explore_page.py")

_OPTIONS: Final = (
    "--server.address=127.0.0.1",
    "--server.headless=true",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
    "--client.toolbarMode=minimal",
)


@closed_pipe_ends()
def main() -> None:
    """Serve the page until interrupted."""
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(_HELP)
        return
    with one_message():
        folder = _folder(words)
    from streamlit.web import cli

    sys.argv = ["streamlit", "run", str(_PAGE), *_OPTIONS, "--", str(folder)]
    cli.main()


def _folder(words: list[str]) -> Path:
    if len(words) != 1:
        raise InputError(
            "command line",
            f"got {' '.join(hide(word) for word in words) or 'nothing'}",
            "one folder, of a search: it holds the search's scenario and policies",
            "python -m experiments.explore outputs/optimize/TIME",
        )
    for library in ("streamlit", "sklearn"):
        if find_spec(library) is None:
            raise InputError(
                "explore",
                f"{library} is not installed",
                "the extra `explorer`",
                "pip install -e '.[explorer]' in the checkout",
            )
    from engine.explore import Explorer
    from engine.results import local_folder

    folder = local_folder(hide(words[0]), "FOLDER")
    Explorer.check_folder(folder)
    return folder.resolve()


if __name__ == "__main__":
    main()

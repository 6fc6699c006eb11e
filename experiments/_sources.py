"""Config files, in which a dated lever is one value.

A dated lever is written as a mapping from days to numbers. OmegaConf merges mappings key by
key: the dates of a policy would stay among those of the policy that builds on it, or of the
command line. So what is read from a file or typed holds such a mapping as one text, which
OmegaConf replaces whole, and `engine.config.resolve` makes it a mapping again.
"""

import pickle
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar, Final

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.core.plugins import Plugins
from hydra.errors import OverrideParseException
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from engine.config import fold_dates
from engine.errors import InputError
from experiments._foreign import check_foreign_config, check_foreign_place
from experiments._own import is_own_market, own_words

CONF: Final = Path(__file__).resolve().parents[1] / "conf"

_SCHEME: Final = "dated"
_FLAGS: Final = ("--config-dir", "-cd")
_FILE: Final = "file://"
_PICKLE: Final = "--experimental-rerun"

_DAY: Final = r"\s*\d{4}-\d{2}-\d{2}\s*"
_STEP: Final = rf"{_DAY}:(?:\$\{{[^{{}}]*\}}|[^{{}},'\"])+"
_QUOTED: Final = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
_DATED: Final = re.compile(rf"{_QUOTED}|(?P<dated>\{{{_STEP}(?:,{_STEP})*\}})")
_EMPTY: Final = re.compile(r"\{\s*\}")


class _DatedSource(ConfigSource):
    """A folder of YAML files, read as Hydra reads one but for dated levers."""

    @staticmethod
    def scheme() -> str:
        """Return what the addresses of such folders begin with."""
        return _SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """Read one file."""
        path = Path(self.path) / self._normalize_file_name(config_path)
        if not path.exists():
            raise ConfigLoadError(f"Config not found : {path}")
        text = path.read_text(encoding="utf-8")
        tree, stored = _read(text, str(path))
        header = self._get_header_dict(text[:512])
        if self._is_foreign:
            check_foreign_place(path, config_path)
            check_foreign_config(path, text, header, tree)
        return ConfigResult(
            config=pickle.loads(stored),
            path=self.full_path(),
            provider=self.provider,
            header=header,
        )

    @property
    def _is_foreign(self) -> bool:
        """Whether the folder is another than this package's own."""
        return Path(self.path).resolve() != CONF

    def available(self) -> bool:
        """Tell whether the folder is there."""
        return self.is_group("")

    def is_group(self, config_path: str) -> bool:
        """Tell whether there is a folder of that name in it."""
        return (Path(self.path) / config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        """Tell whether there is a file of that name in it."""
        return (Path(self.path) / self._normalize_file_name(config_path)).is_file()

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the sorted names of files without their ending, and of folders."""
        names: list[str] = []
        for entry in (Path(self.path) / config_path).iterdir():
            place = f"{config_path}/{entry.name}" if config_path else entry.name
            self._list_add_result(names, place, entry.name, results_filter)
        return sorted(set(names))


@lru_cache(maxsize=512)
def _read(text: str, name: str) -> tuple[Any, bytes]:
    """Return what a file holds, as plain values and as a pickled config with dates folded.

    YAML is slow to read, Hydra composes every job of a sweep anew, and a config is changed by what
    it is merged into: a copy comes out of a pickle in a fiftieth of the time.

    Parameters
    ----------
    text : of the file.
    name : of the file, for what is said of a mistake in it.
    """
    file = StringIO(text)
    file.name = name
    found = OmegaConf.load(file)
    tree = OmegaConf.to_container(found, resolve=False)
    if isinstance(found, DictConfig) and (folded := fold_dates(tree)) != tree:
        found = OmegaConf.create(folded)
    return tree, pickle.dumps(found)


class _DatedFolders(SearchPathPlugin):
    """Reads the folders that configs are searched in by `_DatedSource`."""

    extra: ClassVar[str | None] = None
    """The folder that was typed with `--config-dir`: it goes before the others."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Change the addresses of the folders."""
        for element in search_path.get_path():
            path = element.path.removeprefix(_FILE)
            if "://" not in path:
                element.path = f"{_SCHEME}://{path}"
        if self.extra is not None:
            search_path.prepend(provider="command-line", path=f"{_SCHEME}://{self.extra}")


def read_dated_levers(
    words: Iterable[str], command: str = "", has_scenario: bool = False
) -> list[str]:
    """Make Hydra read dated levers as one value, in files and in what was typed.

    Parameters
    ----------
    words : the command line.
    command : for which the folder of `--config-dir` may hold words of its own.
    has_scenario : whether it simulates one, which those words must name.

    Returns
    -------
    What Hydra is to be given in its place.

    Raises
    ------
    InputError
        If there is no folder where `--config-dir` says, there are two, or its `commands.yaml` is
        none.
    """
    Plugins.instance().register(_DatedSource)
    Plugins.instance().register(_DatedFolders)
    rest, given = _without_folders(list(words))
    # argparse takes the beginning of a flag for the flag.
    flags = [word.partition("=")[0] for word in rest]
    if any(flag.startswith("--e") and _PICKLE.startswith(flag) for flag in flags):
        raise InputError(
            _PICKLE,
            "reads a pickle, which can run code",
            "the command as it was typed",
            "type it again: every folder of results holds its overrides in .hydra/overrides.yaml",
        )
    _DatedFolders.extra = None
    if len(given) > 1:
        raise _several(given)
    if given:
        place = Path(given[0]).absolute()
        if not place.is_dir():
            raise InputError(
                _FLAGS[0],
                f"Additional config directory '{place}' not found",
                "a folder with a subfolder for each group, e.g. policy/",
                "correct the path",
            )
        _DatedFolders.extra = str(place)
        rest = [*own_words(place, command, rest, has_scenario), *rest]
    return [word for typed in rest for word in _translated(typed)]


def observed_table(name: str) -> str:
    """Return where figures are: a bare name is a table of `observed` in a config folder."""
    if Path(name).suffix:
        return name
    places = [CONF] if _DatedFolders.extra is None else [Path(_DatedFolders.extra), CONF]
    tables = [place / "observed" / f"{name}.csv" for place in places]
    return str(next((table for table in tables if table.is_file()), tables[-1]))


def config_folder() -> Path | None:
    """Return the folder that was typed with `--config-dir`."""
    return None if _DatedFolders.extra is None else Path(_DatedFolders.extra)


def typed_words(hydra: Any) -> list[str]:
    """Return the overrides among Hydra's settings as they were typed: interpolations stay."""
    words = OmegaConf.to_container(hydra.overrides.task, resolve=False)
    return [str(word) for word in words] if isinstance(words, list) else []


def folders(sources: Iterable[Any]) -> list[Path]:
    """Return the folders among Hydra's `runtime.config_sources`, in the order of search."""
    return [Path(source.path) for source in sources if source.schema in {_SCHEME, "file"}]


def _without_folders(words: list[str]) -> tuple[list[str], list[str]]:
    """Take `--config-dir` out of the command line: Hydra would read the folder by itself."""
    rest, places = [], []
    given = iter(words)
    for word in given:
        flag, equals, value = word.partition("=")
        if flag not in _FLAGS:
            rest.append(word)
        elif equals:
            places.append(value)
        else:
            places.append(next(given, ""))
    return rest, places


def _several(given: list[str]) -> InputError:
    """Refuse several folders: one alone says what commands take, the first with that file."""
    first = next((one for one in given if is_own_market(Path(one))), given[0])
    others = ",".join(f"{_FILE}{one}" for one in dict.fromkeys(given) if one != first)
    behind = f" 'hydra.searchpath=[{others}]'" if others else ""
    return InputError(
        _FLAGS[0],
        f"given {len(given)} times: {', '.join(given)}",
        "one folder; others, as of a search, in hydra.searchpath",
        f"{_FLAGS[0]} {first}{behind}",
    )


def _translated(word: str) -> Iterator[str]:
    """Write an override so that a dated lever is one text, and an empty mapping empties."""
    if word.startswith("-"):
        yield word
    elif word.startswith("hydra.searchpath="):
        yield word.replace(_FILE, f"{_SCHEME}://")
    else:
        yield _DATED.sub(_as_text, word)
        if _EMPTY.search(word):
            yield from _emptying(word)


def _as_text(found: re.Match[str]) -> str:
    """Quote a dated lever, spaced as in a file; what is quoted already stays."""
    if found.group("dated") is None:
        return found.group()
    days = re.sub(rf"({_DAY}):\s*", lambda day: f"{day.group(1).strip()}: ", found.group())
    return "'" + re.sub(rf"\s*,(?={_DAY}:)", ", ", days) + "'"


def _emptying(word: str) -> Iterator[str]:
    """Yield what empties the mappings for which an override gives `{}`: merged, it is nothing."""
    try:
        override = OverridesParser.create().parse_override(word)
    except OverrideParseException:  # Hydra says so when it comes to it
        return
    key = override.key_or_group
    is_plain = override.type is OverrideType.CHANGE and not override.is_sweep_override()
    if is_plain and key.partition(".")[0] != "hydra":
        for path in _empty_paths(key, override.value()):
            yield from (f"~{path}", f"+{path}={{}}")


def _empty_paths(path: str, value: Any) -> Iterator[str]:
    if value == {}:
        yield path
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _empty_paths(f"{path}.{name}", entry)

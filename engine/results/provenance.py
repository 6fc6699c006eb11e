"""Where numbers come from: the resolved config, its hash, the seed and the versions."""

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

PREFIX: Final = "poquan."
"""Of every key in a table's schema metadata."""

_DEPENDENCIES: Final = ("hydra-core", "numba", "numpy", "optuna", "pyarrow", "pydantic", "ray")


def _canonical(config: Any) -> str:
    """JSON with sorted keys, no blanks, and one spelling of each number.

    As in RFC 8785 a whole float is written as an integer, so that `0` and `0.0` are one
    value. Dates are ISO strings.
    """
    plain = _plain(config)
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def config_hash(config: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: 64 hexadecimal digits."""
    return _hash(_canonical(config))


@cache
def versions() -> dict[str, str]:
    """Versions of Python, of this package and of what its numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("poquan", *_DEPENDENCIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "checkout" if name == "poquan" else "not installed"
    return found


class Provenance:
    """Where the numbers of one study come from, spelt once for all its tables.

    `config_hash` is that of the config, see `config_hash`.
    """

    def __init__(self, config: Mapping[str, Any], seed: int) -> None:
        self._text, self._seed = _canonical(config), seed
        self.config_hash = _hash(self._text)

    def metadata(self, table: str) -> dict[str, str]:
        """Return the schema metadata of one table."""
        return {
            f"{PREFIX}table": table,
            f"{PREFIX}config": self._text,
            f"{PREFIX}config_hash": self.config_hash,
            f"{PREFIX}seed": str(self._seed),
            f"{PREFIX}versions": _canonical(versions()),
        }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _key(key: Any) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)

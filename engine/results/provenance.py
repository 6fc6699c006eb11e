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
    return hashlib.sha256(_canonical(config).encode()).hexdigest()


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


def metadata(table: str, config: Mapping[str, Any], seed: int) -> dict[str, str]:
    """Return the schema metadata of one table."""
    return {
        f"{PREFIX}table": table,
        f"{PREFIX}config": _canonical(config),
        f"{PREFIX}config_hash": config_hash(config),
        f"{PREFIX}seed": str(seed),
        f"{PREFIX}versions": _canonical(versions()),
    }


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

"""Passwords within addresses: shown as `***`, and known to this process and its children alone.

What was typed or read from a config is hidden before it reaches a file, a table's metadata or
the terminal: `postgresql://user:***@host/db`. Whoever opens the address asks for it as it was.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

_Value = TypeVar("_Value")

MASK: Final = "***"
_KNOWN: Final = "POQUAN_HIDDEN"
"""The variable in which children find what was hidden: a JSON object by what is shown."""

_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.\-]*://"
_REST: Final = r"[^\s'\",\[\]{}]*"
_USER: Final = re.compile(
    rf"(?P<head>{_SCHEME}[^\s:/?#@'\"]*:)(?P<secret>(?:(?!://)[^\s'\"])*)(?P<tail>@{_REST})"
)
"""An address with a password, which may hold whatever was not escaped, to its last @."""

_QUERY: Final = re.compile(
    r"(?P<head>[?&](?:password|passwd|sslpassword|secret_key|secret|session_token|token)=)"
    r"(?P<secret>[^&#\s'\",\[\]{}]+)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(rf"{_USER.pattern}|{_SCHEME}{_REST}")


def masked(text: str) -> str:
    """Return a text with `***` in place of each password of an address in it."""
    if "://" not in text:
        return text
    return _QUERY.sub(rf"\g<head>{MASK}", _USER.sub(rf"\g<head>{MASK}\g<tail>", text))


def hide(value: _Value) -> _Value:
    """Return a text, or plain containers with texts, as `masked` does; remember what was hidden."""
    found: _Value = _walked(value, _hide_text)
    return found


def reveal(value: _Value) -> _Value:
    """Return a text, or plain containers with texts, with addresses as they were before `hide`."""
    found: _Value = _walked(value, _reveal_text)
    return found


def hidden() -> dict[str, str]:
    """Return the addresses that were hidden, by what is shown of them."""
    found: dict[str, str] = json.loads(os.environ.get(_KNOWN, "{}"))
    return found


def remember(addresses: Mapping[str, str]) -> None:
    """Have `reveal` know addresses by what is shown of them."""
    if addresses:
        os.environ[_KNOWN] = json.dumps(hidden() | dict(addresses))


def _hide_text(text: str) -> str:
    shown = masked(text)
    if shown != text:
        found = (one.group() for one in _ADDRESS.finditer(text))
        remember({masked(one): one for one in found if masked(one) != one})
    return shown


def _reveal_text(text: str) -> str:
    if MASK not in text:
        return text
    for shown, real in sorted(hidden().items(), key=lambda one: -len(one[0])):  # whole ones first
        text = text.replace(shown, real)
    return text


def _walked(tree: Any, change: Any) -> Any:
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, Mapping):
        return {key: _walked(value, change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_walked(value, change) for value in tree]
    return tree

"""What this process holds in memory, from Linux's `/proc/self`."""

import re
from pathlib import Path

_SELF = Path("/proc/self")


def resident_bytes() -> int | None:
    """Bytes held now; None where the system does not tell."""
    return _size("VmRSS")


def peak_bytes() -> int | None:
    """The most that was held since `forget_peak`; None where the system does not tell."""
    return _size("VmHWM")


def forget_peak() -> None:
    """Let the peak start from what is held now; where that is not allowed the old one stays."""
    try:
        (_SELF / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _size(name: str) -> int | None:
    try:
        status = (_SELF / "status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None

"""Pictures as images, for paper and for browsers without scripts.

`vl-convert` takes half a second to start its JavaScript engine, and lets no other thread work while
it draws. So while a page is written a process draws: this file run as a script, which imports
little. It answers each picture, a line of JSON, with a line, until there is nothing more to read.
"""

import atexit
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Final

_WIDTH: Final = 660
"""Pixels of a static picture: about the width of a printed page."""

_UNHEARD: Final = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
"""Of a picture that is shown as an image, only the image's own text is read out."""

_PADDING: Final = {"left": 36, "right": 12, "top": 5, "bottom": 5}
"""Room for a reader's font that is wider than the one that was measured with."""

_LONGEST_S: Final = 60.0
"""Longest wait for a picture, in seconds."""


def begin_drawing() -> Callable[[dict[str, Any], dict[str, Any]], Future[str]]:
    """Start what draws beside this process, once; return `_static_picture` as it does it."""
    return _drawing(os.getpid()).draw


@cache
def _drawing(process: int) -> "_Drawing":  # noqa: ARG001 - a fork starts its own
    return _Drawing()


class _Drawing:
    """The process that draws, and the thread that waits for it.

    If it could not be started, has ended or hangs, this process draws.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._process = _started()
        atexit.register(self._end, os.getpid())

    def draw(self, spec: dict[str, Any], config: dict[str, Any]) -> Future[str]:
        return self._thread.submit(self._drawn, spec, config)

    def _drawn(self, spec: dict[str, Any], config: dict[str, Any]) -> str:
        if self._process and self._process.stdin and self._process.stdout:
            limit = threading.Timer(_LONGEST_S, self._process.kill)
            limit.daemon = True
            limit.start()
            try:
                print(json.dumps([spec, config]), file=self._process.stdin, flush=True)
                address: str = json.loads(self._process.stdout.readline())
            except (OSError, ValueError):
                self._end(os.getpid())
            else:
                return address
            finally:
                limit.cancel()
        return _static_picture(spec, config)

    def _end(self, starter: int) -> None:
        """End the process, unless this one is a fork of what started it."""
        if self._process and starter == os.getpid():
            self._process.kill()
            self._process.wait()
            for pipe in filter(None, (self._process.stdin, self._process.stdout)):
                with contextlib.suppress(OSError):  # of what it did not read any more
                    pipe.close()
            self._process = None


def _started() -> "subprocess.Popen[str] | None":
    """Start this file as a script, which Ctrl-C in the terminal does not reach."""
    try:
        return subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )
    except OSError:
        return None


def _static_picture(spec: dict[str, Any], config: dict[str, Any]) -> str:
    """Return a picture as a `data:` address, drawn in this process with the look `config`."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(
        spec | {"width": _WIDTH, "padding": _PADDING}, config=config
    )
    svg = _UNHEARD.sub("", svg)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


if __name__ == "__main__":
    _static_picture({"mark": "point"}, {})  # starts the engine before the first picture comes
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_static_picture(*json.loads(line))) + "\n")
        sys.stdout.flush()

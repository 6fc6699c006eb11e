"""Pictures for a page: the libraries that draw them, and each as a static picture.

Both come from `vl-convert`, which holds the Vega libraries: nothing is fetched.
"""

import base64
import contextlib
import os
import re
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from engine.cache import cache_folder
from engine.report.charts.grammar import CONFIG

_WIDTH: Final = 660
"""Pixels of a static picture: about the width of a printed page."""


_UNHEARD: Final = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
"""Of a picture that is shown as an image, only the image's own text is read out."""


_PADDING: Final = {"left": 36, "right": 12, "top": 5, "bottom": 5}
"""Room for a reader's font that is wider than the one that was measured with."""

_GLOBAL: Final = "window.vegaEmbed = vegaEmbed;"
"""What the libraries' script leaves to the page's own."""


@cache
def vega_libraries() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script without any dependency."""
    import vl_convert

    kept = cache_folder().parent / f"vega-{version('vl-convert-python')}.js"
    with contextlib.suppress(OSError):
        return kept.read_text(encoding="utf-8")
    script = (
        vl_convert.javascript_bundle(_GLOBAL)
        .replace("</script", "<\\/script")
        .replace("<!--", "<\\!--")
    )
    with contextlib.suppress(OSError):  # seconds, once a machine
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(script, encoding="utf-8")
        new.replace(kept)
    return script


def static_picture(spec: dict[str, Any]) -> str:
    """Return a picture as a `data:` address, for paper and for browsers without scripts."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(
        spec | {"width": _WIDTH, "padding": _PADDING}, config=CONFIG
    )
    svg = _UNHEARD.sub("", svg)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"

"""Pictures for a page: the libraries that draw them, and each as a static picture.

Both come from `vl-convert`, which holds the Vega libraries: nothing is fetched.
"""

import base64
from functools import cache
from typing import Any, Final

from engine.report.charts.grammar import CONFIG

_WIDTH: Final = 660
"""Pixels of a static picture: about the width of a printed page."""


@cache
def vega_libraries() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script without any dependency."""
    import vl_convert

    script: str = vl_convert.javascript_bundle()
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def static_picture(spec: dict[str, Any]) -> str:
    """Return a picture as a `data:` address, for paper and for browsers without scripts."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec | {"width": _WIDTH}, config=CONFIG)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"

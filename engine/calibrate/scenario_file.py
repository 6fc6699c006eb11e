"""A calibrated scenario as a file: the one it came from, with its numbers replaced."""

from collections.abc import Mapping
from typing import Final

import yaml

from engine.config import dump
from engine.spec.scenario import Scenario
from engine.yaml_text import rewritten

_BAR: Final = "| "
_HAND: Final = "assumption"
_FITTED: Final = "fitted"
"""What stands behind a value's unit and a bar: where it comes from."""


def scenario_yaml(
    scenario: Scenario, places: Mapping[tuple[str, ...], float], original: str
) -> str:
    """Return `scenario` as YAML, out of the original's text if that gives the same scenario.

    So its comments stay. Where it does not (the original builds on another file, or values
    came from the command line), all values are written without comments.

    Parameters
    ----------
    scenario
        The fitted one.
    places
        The fitted numbers by their path, in the scenario's units.
    original
        Text of the file that the scenario was loaded from; may be empty.
    """
    try:
        text = rewritten(original, {**places, ("name",): scenario.name}, _as_fitted)
        if Scenario.model_validate(yaml.safe_load(text)) == scenario:
            return text
    except (KeyError, ValueError, TypeError, AttributeError, yaml.YAMLError):
        pass  # whatever the original is, it is not the plain file of this scenario
    return dump(scenario)


def _as_fitted(comment: str) -> str:
    """Say of a value that it was fitted, in place of assumed or beside what it was fitted to."""
    before, bar, source = comment.partition(_BAR)
    if not bar or source.startswith(_FITTED):
        return comment
    if source.startswith(_HAND):
        return f"{before}{bar}{_FITTED}{source.removeprefix(_HAND)}"
    return f"{before}{bar}{_FITTED}, {source}"

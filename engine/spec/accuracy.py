"""How closely a world like the real one is expected to meet published figures."""

from typing import Literal

from pydantic import Field

from engine.spec.base import Spec, quantity


class Tolerance(Spec):
    """How far a simulated figure may lie from an observed one, by the latter's confidence."""

    high: float = quantity("share of the figure", "of a figure that is sure", gt=0, le=10)
    medium: float = quantity("share of the figure", "of one that is likely", gt=0, le=10)
    low: float = quantity("share of the figure", "of a rough guess", gt=0, le=10)


class _Discrepancy(Spec):
    """How far a model that is right in the main is off a figure: one standard deviation.

    It enters the implausibility beside the tolerance of what was observed (Kennedy & O'Hagan,
    JRSS B 63, 2001; Brynjarsdottir & O'Hagan, Inverse Problems 30, 2014).
    """

    level: float = quantity("share of the figure", "of sales, users, order values", ge=0, le=10)
    growth: float = quantity("share of the figure", "of a growth rate", ge=0, le=10)
    share: float = quantity("share of the figure", "of shares and rates", ge=0, le=10)
    elasticity: float = quantity("share of the figure", "of an exponent", ge=0, le=10)
    elsewhere: float = quantity(
        "share of the figure", "of an experiment on another market, replayed here", ge=0, le=10
    )

    def of(self, kind: str) -> float:
        """Return the share for a kind of figure (`engine.calibrate.measures`)."""
        return float(getattr(self, kind))


class Accuracy(Spec):
    """What a miss is measured by: of the figure, of the model, and how it is read."""

    tolerance: Tolerance
    discrepancy: _Discrepancy
    repeat_reading: Literal["twice", "next"] = Field(
        description="a monthly repeat rate counts who ordered twice in a month, or again the next"
    )

"""What every measure of a run is called and what it means, in the order of the table of runs."""

from typing import Final, NamedTuple

from engine.measures import catalogue
from engine.measures.run_off import NET_PRESENT_VALUE, RUN_OFF_MEASURES


class _MeasureText(NamedTuple):
    """A measure's name for people and its definition."""

    label: str
    definition: str


MEASURES: Final[dict[str, _MeasureText]] = {
    measure.name: _MeasureText(measure.label, measure.definition)
    for measure in (
        *map(catalogue.MEASURES.__getitem__, catalogue.RUN),
        *RUN_OFF_MEASURES.values(),
        NET_PRESENT_VALUE,
    )
} | {
    "incremental_gmv_paid_per_subsidy_rmb": _MeasureText(
        "GMV as paid per RMB of subsidy",
        "Gain in GMV as paid over gain in subsidy, both against the baseline, with Fieller's"
        " interval. It is the subsidy's own only where the two policies differ in nothing else.",
    )
}
"""The measures of the catalogue, those with run-off, and one that only the report computes."""

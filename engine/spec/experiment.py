"""A named experiment: the question it answers, and claims that its runs bear out or do not."""

from typing import Literal, Self

from pydantic import Field, model_validator

from engine.measures.catalogue import OUTCOMES
from engine.spec.base import Spec


class Contrast(Spec):
    """A statement on the mean of a measure m over policies p, with weights w that add up to 0.

        value = sum_p w_p mean(m_p)

    `above` and `below` say on which side of 0 its whole interval lies; `nil` that it lies between
    -within and +within.
    """

    says: str = Field(min_length=1)
    measure: str = Field(description="column of `runs`")
    terms: dict[str, float] = Field(
        min_length=2, description="weight of each policy, or of POLICY@WORLD; without a world: all"
    )
    expect: Literal["above", "below", "nil"]
    within: float | None = Field(None, gt=0, description="what counts as nil [unit of the measure]")

    @model_validator(mode="after")
    def _is_a_contrast(self) -> Self:
        if self.measure not in OUTCOMES:
            raise ValueError(f"measure {self.measure!r} is not measured; a column of runs")
        if abs(sum(self.terms.values())) > 1e-9:
            raise ValueError(
                f"the weights of {', '.join(self.terms)} do not add up to 0; a difference, or a "
                "difference of differences; {where}.terms={a:1,b:-1}"
            )
        if (self.expect == "nil") != (self.within is not None):
            raise ValueError(
                f"expect={self.expect} {'needs' if self.within is None else 'takes no'} `within`; "
                "with nil how much counts as nothing; add it, or leave it out"
            )
        return self


class Experiment(Spec):
    """What a comparison is for: its file is in `conf/experiment`."""

    question: str = Field(min_length=1)
    look_at: str = Field(min_length=1, description="which tables and columns hold the answer")
    claims: dict[str, Contrast] = Field(min_length=1)
    scenario: str | None = Field(
        None, description="in which its dates, kinds and amounts are right; none: in any"
    )

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns of `runs` that the claims are about, each once."""
        return tuple(dict.fromkeys(claim.measure for claim in self.claims.values()))

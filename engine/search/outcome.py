"""What a search gives back, and what it says on the way."""

from dataclasses import dataclass, field
from typing import Any

from engine.spec.policy import Policy
from engine.year import Year


@dataclass(frozen=True)
class Progress:
    """How far a search is: `done` of `total` trials (`search`) or years (`finalists`)."""

    stage: str
    done: int
    total: int
    best: str


@dataclass(frozen=True)
class Outcome:
    """Rows of `trials`, `frontier` and `rungs`, and what stands behind the frontier.

    `years` are the finalists' on fresh luck, without segments and anchors; `policies` is
    every finalist's whole policy (`engine.config.dump` writes it); `notes` are sentences
    the user must read, such as that no policy is feasible.
    """

    trials: list[dict[str, Any]]
    frontier: list[dict[str, Any]]
    rungs: list[dict[str, Any]]
    years: list[Year]
    policies: dict[str, Policy]
    notes: list[str] = field(default_factory=list)

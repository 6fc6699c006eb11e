"""What a user asks for when demand priors are estimated anew."""

from engine.spec.base import Spec, quantity
from engine.spec.jobs import Seed


class PriorsJob(Spec):
    """How exactly the mixed logits are simulated."""

    seed: Seed
    draws: int = quantity("draws", "of each household in a mixed logit", ge=16, le=65_536)

"""A test of a policy inside the market: what it would say, beside what the policy does."""

from engine.trial.arms import arm_policies, held_in_both, trial_cases
from engine.trial.rows import rows_of_tests

__all__ = ["arm_policies", "held_in_both", "rows_of_tests", "trial_cases"]

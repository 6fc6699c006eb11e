"""The closed loop (M11): sellers that link out of the shop are made to come in, or leave.

Who lives elsewhere too and is made to sell in the shop stays less gladly: its hazard of leaving
rises by per_day * strictness.
"""

from engine.jit import rule

IN_SHOP = 0
_LINKS_OUT = 1
REFUSED = 2


@rule
def listing(external_draw, external_share, gate_draw, strictness, refuse_draw, refuse_share):
    """Where a supplier sells; the draws are its fixed uniforms."""
    if external_draw >= external_share:
        return IN_SHOP
    if gate_draw >= strictness:
        return _LINKS_OUT
    return REFUSED if refuse_draw < refuse_share else IN_SHOP


@rule
def loop_exit_hazard(external_draw, external_share, where, strictness, per_day):
    """More hazard of leaving on one day, of who would link out but sells in the shop."""
    is_made_to = (external_draw < external_share) & (where == IN_SHOP)
    return per_day * strictness if is_made_to else 0.0

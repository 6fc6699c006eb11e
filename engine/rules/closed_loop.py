"""The closed loop (M11): sellers that link out of the shop are made to come in, or leave."""

from engine.jit import rule

IN_SHOP = 0
LINKS_OUT = 1
REFUSED = 2


@rule
def listing(external_draw, external_share, gate_draw, strictness, refuse_draw, refuse_share):
    """Where a supplier sells; the draws are its fixed uniforms."""
    if external_draw >= external_share:
        return IN_SHOP
    if gate_draw >= strictness:
        return LINKS_OUT
    return REFUSED if refuse_draw < refuse_share else IN_SHOP

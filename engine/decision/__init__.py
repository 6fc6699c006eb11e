"""How the parts make the answer."""

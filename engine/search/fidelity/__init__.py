"""Rungs of rising cost: how far each is trusted, who goes up, and what is known of a trial."""

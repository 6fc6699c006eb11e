"""The last trials: for each level of a price table, steps around its cheapest policy so far."""

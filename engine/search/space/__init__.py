"""The searched space: levers of a policy, conditions and rules among them, and whole policies."""

"""What to try next: samplers by name, and those of this project in the unit cube."""

"""The market on its first day: arrays drawn from the world seed."""

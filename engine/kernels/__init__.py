"""Loops over arrays that call the rules; `day` is the order of the day."""

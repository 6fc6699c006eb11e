"""Rungs of rising cost: how far each is trusted, which trials are promoted, and estimates."""

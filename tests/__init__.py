"""Tests, and the tools that renew what they compare with."""

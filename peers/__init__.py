"""A small market written for other tools, beside which `suite=peers` measures the engine.

This package is in the checkout and the source distribution, not in the installed package.
`market` says what the small market is; each other file writes it with a tool. A new tool gets
its file here and its line in `engine/benchmark/peers.py`.
"""

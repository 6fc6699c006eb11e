"""Rules of the platform and of its agents: one idea a file, floats in, floats out.

A rule knows no arrays, no randomness and no files. Kernels call it in their loops.
"""

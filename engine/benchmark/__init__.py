"""How fast and how small the market is, and what the same costs elsewhere.

Suites: `kernel` (whole years: cost of a session and of a day, scaling), `peers` (a small
market written for other tools, in the same run), `one_to_one` (the whole pool, weight 1),
`search` (the search beside plain ones, on problems with known answers and on the market),
`schedule` (how busy it keeps so many workers), `branches` (candidates that share a past),
`variance` (what ways of sampling bring at equal seconds).
Everything is measured in processes of its own, after another has filled the compile cache,
so that cached code is what is timed. Figures that are compared are taken in turn, so that a
change of the machine's speed meets all of them.
"""

from engine.benchmark.suites import check_suite, run_suite

__all__ = ["check_suite", "run_suite"]

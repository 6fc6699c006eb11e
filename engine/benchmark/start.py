"""A first small run in a new process, which `kernel` times: `python -m engine.benchmark.start`.

The process reads the pickled case from its standard input.
"""

import pickle
import sys


def _main() -> None:
    """Simulate the run of the case on standard input."""
    case = pickle.load(sys.stdin.buffer)
    from engine.compute.pool import simulate_case, warm_up_if_cold

    warm_up_if_cold(case)
    simulate_case(case)


if __name__ == "__main__":
    _main()

"""Space-filling points of the unit cube: scrambled Sobol sequences and Latin hypercubes."""

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


def sobol_points(dimensions: int, count: int, seed: int, *, first: int = 0) -> _Floats:
    """Return consecutive points of one scrambled Sobol sequence, (count, dimensions) float64.

    Parameters
    ----------
    dimensions
        Axes of the cube, 1 or more.
    count
        Points to return; a power of two of them is balanced in every axis.
    seed
        Names the scramble, below 2³².
    first
        Place of the first point in the sequence.

    References
    ----------
    Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, J. Complexity 14(4).
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, rng=seed)
    if first:  # SciPy cannot go forward by nothing
        sequence.fast_forward(first)
    whole = 1 << (count - 1).bit_length()  # SciPy warns of a count that is no power of two
    return np.asarray(sequence.random(whole)[:count])


def latin_hypercube(dimensions: int, count: int, seed: int) -> _Floats:
    """Return a Latin hypercube of the unit cube, (count, dimensions) float64.

    Every axis is cut into `count` equal cells, each of which holds one point.

    Parameters
    ----------
    dimensions
        Axes of the cube, 1 or more.
    count
        Points to return.
    seed
        Names the draws.

    References
    ----------
    McKay, Beckman & Conover (1979), Technometrics 21(2).
    """
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(dimensions, rng=seed).random(count))

"""Which policies stand out: the answer, the nearest to one, and those worth a name."""

from collections.abc import Sequence

from engine.report.study import Line, Study


def chosen_line(study: Study) -> Line | None:
    """Return the cheapest feasible policy that reaches the target, if there is one."""
    if not study.target_fen:
        return None
    reaching = [line for line in study.lines if line.feasible and reaches(study, line)]
    return min(reaching, key=lambda line: line.value("cost_fen"), default=None)


def nearest_line(lines: Sequence[Line]) -> Line:
    """Return the policy with the least total violation on fresh luck; of equals, what sells most.

    A violation is the excess over a constraint's limit as a share of that limit.
    """
    return min(lines, key=lambda line: (line.violation, -line.value("gmv_paid_fen")))


def reaches(study: Study, line: Line) -> bool:
    """Whether a policy reaches the target as often as was asked for."""
    return line.value("target_attained") >= study.level - 1e-9


def found_lines(lines: Sequence[Line]) -> list[Line]:
    """Return what the search found: the policies on the frontier, or all if none is on it."""
    found = [line for line in lines if not line.is_baseline]
    return [line for line in found if line.on_frontier] or found


def spread(lines: Sequence[Line], count: int) -> list[Line]:
    """Choose up to `count` policies, evenly from the cheapest to the dearest."""
    ordered = sorted(lines, key=lambda line: line.value("cost_fen"))
    if len(ordered) <= count:
        return ordered
    if count < 2:
        return ordered[: max(count, 0)]
    last = len(ordered) - 1
    return [ordered[round(k * last / (count - 1))] for k in range(count)]

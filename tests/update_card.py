"""Measure the tables of the model card anew: `python -m tests.update_card [BLOCK...]`.

All of them take half an hour on two cores, two thirds of it those of `response`.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.ablate import ablations, effects, is_distinguishable
from engine.cases import cases
from engine.compare import INCREMENTAL, paired
from engine.report.formatting import label, show_change, unit
from engine.response import lever_answers, response_cases, response_rows
from tests.card.findings import findings
from tests.card.worlds import answers_by_world
from tests.card.years import BN, POPULATIONS, column, comparison, simulated, sweep, years
from tests.worlds import job

FILE = Path(__file__).parents[1] / "engine" / "MODEL_CARD.md"
MEASURES = {"gmv_paid_fen": (BN, 1), "platform_contribution_fen": (BN, 2), "top10_share": (0.01, 2)}
"""What each lever is judged by: its unit and the digits to show."""


def main(blocks: Sequence[str]) -> None:
    """Simulate, and rewrite the measured blocks that are named, or all."""
    of_worlds = ("policy", "GMV as paid by world, bn RMB", "P(350 bn RMB)")
    of_levers = ("lever", "GMV as paid, bn RMB", "contribution, bn RMB", "top-10 share, points")
    of_findings = ("found in the first edition", "then", "now")
    of_answers = (
        "world",
        "elasticity of all goods in May",
        "RMB of sales at list prices per RMB of coupons in May",
        "RMB as paid",
    )
    of_response = (
        "lever",
        "its value in h1_2020",
        "best value",
        "contribution there, bn RMB",
        "best is",
    )
    of_mechanisms = ("mechanism", "own measure that shows it best", "change when it is off")
    tables = {
        "answers": (of_answers, answers_by_world),
        "mechanisms": (of_mechanisms, _mechanisms),
        "worlds": (of_worlds, _worlds),
        "levers": (of_levers, _levers),
        "response": (of_response, _response),
        "findings": (of_findings, findings),
    }
    for name in blocks or tables:
        heads, rows = tables[name]
        _write(name, heads, rows())


def _worlds() -> Iterator[Sequence[str]]:
    """What a year comes to in each plausible world, the mean of four populations of its own."""
    for policy in ("laissez_faire", "h1_2020"):
        found = years(f"policy={policy}", "ensemble=plausible", populations=4)
        sold = column(found, "gmv_paid_fen") / BN
        means = sorted(sold.reshape(-1, 4).mean(axis=1))
        yield f"`{policy}`", ", ".join(f"{one:.0f}" for one in means), f"{(sold >= 350).mean():.2f}"


def _levers() -> Iterator[Sequence[str]]:
    """What each lever of h1_2020 brings: the year with it, less the year without."""
    asked = comparison(
        "scale=laptop",
        "baseline=h1_2020",
        "one_at_a_time=laissez_faire",
        f"replications={POPULATIONS}",
    )
    years = simulated(cases(asked, asked.compared().values()))
    rows = paired(years, asked.baseline, list(MEASURES))
    found = {(row["policy"], row["measure"]): row for row in rows if row["measure"] != INCREMENTAL}
    for policy in dict.fromkeys(policy for policy, _ in found):
        cells = (_brought(found[policy, name], *shown) for name, shown in MEASURES.items())
        yield f"`{policy.removeprefix('without_')}`", *cells


def _response() -> Iterator[Sequence[str]]:
    """Where each lever alone is best by contribution with run-off: `experiments.response`."""
    asked = sweep()
    for one in lever_answers(response_rows(asked, simulated(response_cases(asked)))):
        is_known = one.place != "moves nothing"
        best = (f"{one.best['value']:g}", _gained(one.best)) if is_known else ("–", "–")
        yield f"`{one.lever}`", f"{one.base['value']:g}", *best, one.place


def _gained(row: Mapping[str, Any]) -> str:
    half = (row["ci_high"] - row["ci_low"]) / 2
    return f"{row['difference'] / BN:+.2f} ± {half / BN:.2f}" if half else "0"


def _mechanisms() -> Iterator[Sequence[str]]:
    """Each mechanism's own measure whose change is surest when it is off, with its interval."""
    asked = job("scale=laptop", f"replications={POPULATIONS}", "policy=all_levers")
    rows = effects(simulated(list(ablations(cases(asked, [asked.policy])))))
    own = [row for row in rows if row["is_own"]]
    for name in dict.fromkeys(row["mechanism"] for row in own):
        best = max((row for row in own if row["mechanism"] == name), key=_sureness)
        half = None if best["ci_low"] is None else (best["ci_high"] - best["ci_low"]) / 2
        change = show_change(best["measure"], best["difference"], half)
        words = " ".join(word for word in (change, unit(best["measure"])) if word not in {"", "%"})
        told = "" if is_distinguishable(best) else " (not distinguishable from zero)"
        yield f"{best['title']} (`{name}`)", label(best["measure"]), words + told


def _sureness(row: dict[str, Any]) -> float:
    """The size of a difference in half widths of its interval."""
    if row["ci_low"] is None or row["ci_high"] == row["ci_low"]:
        return float("inf") if row["difference"] else 0.0
    return float(abs(row["difference"]) / (row["ci_high"] - row["ci_low"]))


def _brought(row: dict[str, float], unit: float, digits: int) -> str:
    half = (row["ci_high"] - row["ci_low"]) / 2
    return f"{-row['difference'] / unit:+.{digits}f} ± {half / unit:.{digits}f}"


def _write(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
    lines = re.sub(r"(?<=[ (])-(?=\d)", "−", lines)  # a true minus, as the report has
    block = re.compile(rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    text = FILE.read_text(encoding="utf-8")
    FILE.write_text(block.sub(lambda found: f"{found[1]}{lines}\n{found[2]}", text), "utf-8")
    print(f"{name}: written", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

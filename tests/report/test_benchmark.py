"""What a benchmark found, on a terminal of 80 columns and in the README."""

import pytest
from rich.console import Console

from engine.benchmark.figures import Setting
from engine.benchmark.peers import PEERS
from engine.report.findings.benchmark import _MISSING, _NAMES
from engine.report.markdown import _benchmark_markdown, _BenchmarkRun, _with_benchmarks
from engine.report.terminal.analyses import print_benchmark

AT = Setting("kernel", 20_000, 1_000, 366)
KERNEL = [
    AT.row("population", "market", "year_s", [1.0, 3.0, 1.5]),
    AT.row("population", "market", "sessions_per_s", [12_340_000.0]),
    AT.row("population", "market", "session_ns", [81.25]),
    AT.row("population", "market", "state_bytes_per_buyer", [67]),
    AT.row("stage", "decide", "session_ns", [44.0]),
    AT.row("stage", "supply", "fixed_day_ms", [0.1234]),
    Setting("kernel", 20_000, 1_000, 366, threads=2).row("threads", "market", "speedup", [1.71]),
    AT.row("start", "warm", "start_s", [4.25]),
]
PEER_ROWS = [
    AT.row("tool", "engine", "session_ns", [40.0]),
    AT.row("tool", "numpy", "session_ns", [144.0]),
    AT.row("tool", "numpy", "engine_ratio", [40 / 144], goal=0.35),
    AT.row("tool", "mesa", "session_ns", []),
    AT.row("tool", "mesa", "engine_ratio", [], goal=0.02),
]
POOL = [
    Setting("one_to_one", 217_000_000, 1_000, 7, threads=2).row("pool", "market", measure, values)
    for measure, values in {
        "open_s": [120.0],
        "day_s": [16.0, 14.0, 15.0],
        "sessions_count": [150e6],
        "implied_year_s": [5610.0],
    }.items()
] + [AT.row("day", "2020-01-01", "day_s", [16.0])]

FOUND = Setting("search", 20_000, 1_000, 366)
SEARCHED = [
    FOUND.row("zdt1", method, measure, values)
    for method in ("poquan", "random", "tpe", "nsga2")
    for measure, values in {
        "volume_share": [0.5, 0.91, 0.95],
        "infeasible_share": [] if method == "random" else [0.1],
    }.items()
] + [
    FOUND.row("zdt1", "tpe", "sessions_ratio", [0.04, 0.08, float("inf")], 0.1),
    FOUND.row("zdt1", "tpe", "seconds_ratio", [0.12, 0.13, float("inf")], 1 / 3),
]


def printed(rows) -> str:
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        print_benchmark(rows, console)
    return capture.get()


@pytest.mark.parametrize(("rows", "said"), [
    (KERNEL, ["medians of 3", "20,000", "1.50", "12.34", "81.2", "67 bytes of state", "0.123",
              "Threads: 2", "1.71", "4.2"]),
    (PEER_ROWS, ["Poquan, everything on", "144", "0.278", "≤ 0.35", "poquan[bench]"]),
    (SEARCHED, ["ZDT1 with noise", "0.91  0.90", "0.91  –", "TPE", "0.08 (0.04 to never)",
                "0.13 (0.12 to never)"]),
    (POOL, ["217,000,000 people", "2 threads", "120.0", "15.0", "150.0", "93.5"]),
])  # fmt: skip
def test_every_figure_is_printed_whole(rows, said) -> None:
    text = printed(rows)
    assert max(map(len, text.splitlines())) <= 80
    for part in said:
        assert part in text
    assert "…" not in text


def test_every_peer_has_a_name_and_what_may_be_missing_a_remedy() -> None:
    assert {kind.name for kind in PEERS} <= _NAMES.keys()
    optional = {kind.name for kind in PEERS if not kind.name.startswith("numpy")}
    assert _MISSING.keys() == optional


def test_the_readme_is_rewritten_between_its_marks_only() -> None:
    text = "before\n<!-- benchmark -->\nold\n<!-- end -->\nafter <!-- end -->\n"
    studies = [
        _BenchmarkRun(["days=7", "runs=1"], KERNEL),
        _BenchmarkRun(["suite=peers"], PEER_ROWS),
    ]
    now = _with_benchmarks(text, studies)
    command = "`python -m experiments.benchmark days=7 runs=1` on"
    assert now.startswith(f"before\n<!-- benchmark -->\n\n{command}")
    assert now.endswith("<!-- end -->\nafter <!-- end -->\n")
    assert "old" not in now
    assert _benchmark_markdown(studies[1]) in now
    assert _with_benchmarks(now, studies) == now


def test_tables_of_markdown_have_as_many_cells_as_heads() -> None:
    for line in _benchmark_markdown(_BenchmarkRun([], KERNEL)).split("\n\n"):
        if line.startswith("|"):
            assert len({row.count("|") for row in line.splitlines()}) == 1

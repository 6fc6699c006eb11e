"""What README and CONTRIBUTING say of the house, and the sizes that keep its rooms readable."""

import ast
import re
from pathlib import Path

import pytest

from tests import show_sizes

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "engine"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = re.findall(
    r"^    (\S+) {2,}(\S.*)$",
    TEXT.partition("<!-- map -->")[2].partition("<!-- end -->")[0],
    re.MULTILINE,
)
MOST_PUBLIC_PER_THOUSAND = 15

READ_BY_NAME = {
    "engine.compile_cache.ByModule",
    "engine.market.slot.gather",
}
"""Named in a variable of Numba's, and by the clocks of a benchmark."""


def test_every_room_and_file_of_the_engine_is_on_the_map():
    rooms = {path.parent.relative_to(ROOT) for path in ENGINE.rglob("*.py")}
    files = {path.relative_to(ROOT) for path in ENGINE.glob("*.py") if path.name != "__init__.py"}
    assert {Path(name) for name, _ in MAP} == rooms - {Path("engine")} | files | {
        Path("experiments")
    }


@pytest.mark.parametrize(("name", "words"), MAP)
def test_every_room_is_there_and_told_in_one_line(name, words):
    assert (ROOT / name).exists()
    assert 10 < len(words) < 80


def told_places():
    """Each walk of CONTRIBUTING, and each row of README's table of what is where."""
    yield from TEXT.partition("Three walks:")[2].partition("## ")[0].split("\n- ")[1:]
    yield from README.partition("| where is")[2].partition("\n\n")[0].split("\n")[2:]


@pytest.mark.parametrize("told", list(told_places()))
def test_files_and_names_of_what_is_where_exist(told):
    texts = [
        (ROOT / name).read_text(encoding="utf-8")
        for name in re.findall(r"`(engine/[\w/]+\.py)`", told)
    ]
    for name in re.findall(r"`(_\w+)`", told):
        assert any(f"def {name}(" in text for text in texts), name


def test_figures_of_speed_stand_on_the_pages_of_benchmarks():
    said = README.partition("## How fast it is")[2].partition("## ")[0]
    pages = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("BENCHMARKS.md", "docs/SCALE.md")
    )
    figures = re.findall(r"\d[\d,.]*(?<=\d)", said)
    assert len(figures) > 10
    printed = set(re.findall(r"\d[\d,.]*(?<=\d)", pages))
    assert [one for one in figures if one not in printed] == []


def definitions(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8")).body


def test_no_two_classes_have_the_same_name():
    assert show_sizes.classes_of_one_name() == []


def test_no_two_public_functions_have_the_same_name():
    assert show_sizes.functions_of_one_name() == []


@pytest.mark.parametrize(("name", "values"), show_sizes.sizes().items())
def test_the_table_of_sizes_is_nearly_that_of_today(name, values):
    row = re.search(rf"^\| {re.escape(name)} \|[^|]*\|([^|]*)\|", TEXT, re.MULTILINE)
    assert row is not None
    said = [float(one) for one in re.sub(r",(?=\d)", "", row[1]).split(", ")]
    assert said == pytest.approx(values, rel=0.1)


def test_few_names_are_public():
    assert show_sizes.public_per_thousand() <= MOST_PUBLIC_PER_THOUSAND


def test_no_public_name_is_used_only_in_its_own_file():
    """Such a name is private, and has an underscore."""
    known = show_sizes.users()
    alone = {
        f"{module}.{name}"
        for path in show_sizes.engine_files()
        for module in (show_sizes.module_name(path),)
        for name in show_sizes.public_names(path)
        if show_sizes.reach(module, known.get((module, name), set())) == "nobody"
    }
    assert alone == READ_BY_NAME


def test_no_public_function_of_the_market_is_used_only_in_its_own_file():
    """Such a name is private, and has an underscore."""
    sources = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "experiments").rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    shared = {"save_state", "load_state", "decide_plainly", "withdraw_plainly"}
    for path in (ENGINE / "market").rglob("*.py"):
        for node in definitions(path):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            name = re.compile(rf"\b{node.name}\b")
            used = any(name.search(text) for other, text in texts.items() if other != path)
            assert used or node.name in shared, f"{path.relative_to(ROOT)}: {node.name}"

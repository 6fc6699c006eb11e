"""The model's description: generated tables up to date, every mechanism, number and path there."""

import re

import pytest

from engine.describe import _heading, _matching, _scenario_numbers, with_generated_blocks
from engine.spec.mechanisms import MECHANISMS
from tests.update_model import FILE, ROOT

TEXT = FILE.read_text(encoding="utf-8")
BY_HAND = re.sub(r"(?s)(<!-- generated: [^\n]*?-->\n).*?<!-- end -->", r"\1", TEXT)
SECTIONS = ("Buyers' session", "Rationing", "Money", "Pricing", "Pacing", "Learning")


def section(title: str) -> str:
    """What stands below one heading, up to the next."""
    _, found, rest = BY_HAND.partition(f"\n### {title}\n")
    assert found, f"no section is headed {title!r}"
    return re.split(r"\n##+ ", rest)[0]


def names(kind: str) -> list[str]:
    """What all generated blocks of a kind are asked for."""
    blocks = re.findall(rf"<!-- generated: {kind} (.*?) -->", TEXT)
    return [name for block in blocks for name in block.split()]


def test_the_generated_tables_are_up_to_date():
    assert with_generated_blocks(TEXT, ROOT) == TEXT, "run python -m tests.update_model"


@pytest.mark.parametrize("title", [*SECTIONS, *(_heading(m) for m in MECHANISMS)])
def test_every_submodel_has_an_equation_a_rule_and_tests(title):
    text = section(title)
    assert "Tests: `tests/" in text
    assert "`engine/" in text
    if title not in SECTIONS:
        name = title.split("(")[-1].rstrip(")")
        assert f"<!-- generated: mechanism {name} -->" in text
    if not title.startswith(("M1 ", "M4 ", "M13 ")):  # they have no equation of their own
        assert "```text" in text


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda m: m.name)
def test_a_mechanism_names_something_in_its_rule_file(mechanism):
    told = section(_heading(mechanism))
    where = {
        "m01_source_goods": "#pricing",  # a kind with numbers of its own and no rule
        "m07_exits": "engine/market/sessions/routing.py",  # decided while routing, draw by draw
        "m13_festivals": "engine/market/almanac.py",  # factors of a day
    }
    assert where.get(mechanism.name, f"engine/rules/{mechanism.rule}.py") in told


PATHS = sorted(set(re.findall(r"`((?:engine|tests|conf)/[^`\s]+)`", TEXT)))


@pytest.mark.parametrize("path", PATHS)
def test_every_file_and_name_in_it_exists(path):
    file, _, name = path.partition("::")
    assert (ROOT / file).exists(), f"{file} is not there"
    if name:
        code = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {name}\b|^{name}\b.*=", code, re.MULTILINE), path


def test_every_number_of_the_scenario_stands_in_a_table():
    known = _scenario_numbers(ROOT)
    assert len(known) > 200
    told = {p.path for pattern in names("parameters") for p in _matching(pattern, known)}
    assert [".".join(p.path) for p in known if p.path not in told] == []


def test_links_lead_to_headings():
    slugs = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    links = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert len(links) > 50
    assert set(links) <= slugs

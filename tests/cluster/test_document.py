"""What docs/CLUSTERS.md says is what the code does."""

import re

from engine.compute.machine import bytes_of_year
from engine.spec.jobs import Ray
from tests.update_clusters import BLOCK, DOCUMENT, table

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_every_message_stands_in_the_document_and_no_other() -> None:
    """Otherwise: python -m tests.update_clusters."""
    found = BLOCK.search(TEXT)
    assert found is not None
    assert found[0] == f"{found[1]}{table()}{found[2]}"
    assert "{a" not in table()


def test_memory_is_asked_for_as_the_document_says() -> None:
    said = re.search(
        r"(\d+) MiB \+ (\d+) B a buyer \+ ([\d.]+) kB an anchor \+ (\d+) kB a day", TEXT
    )
    assert said is not None
    base, buyer, anchor, day = map(float, said.groups())
    found = bytes_of_year(1000, 100, 10)
    assert found == base * 2**20 + 1000 * buyer + 100 * 1000 * anchor + 10 * 1000 * day


def test_keys_of_the_document_are_keys() -> None:
    keys = set(re.findall(r"\bray\.(\w+)=", TEXT))
    assert keys >= {"address", "memory_gib", "runtime_env"}
    assert keys <= set(Ray.model_fields)

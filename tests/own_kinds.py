"""A market with words of its own, made from another's config as a user would write it."""

from collections.abc import Mapping
from typing import Any

LIKE = {"toys": "phones", "importer": "multinational"}
"""The new words, and those whose numbers they take over; shares of all are split."""


def with_own_words(tree: dict[str, Any]) -> dict[str, Any]:
    """A job's tree with a seventh category and a sixth kind beside those of kuaishou_2020."""
    made = _with_more(tree)
    scenario = made["scenario"]
    importer = {"name": "importer", "title": "imported goods", "is_brand": True}
    scenario["kinds"] = [*scenario["kinds"], importer | {"joins_plan": True}]
    scenario["categories"] = [*scenario["categories"], "toys"]
    return made


def _with_more(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    found = {key: _with_more(value) for key, value in node.items()}
    for new, old in LIKE.items():
        if old not in found:
            continue
        numbers = [value for value in found.values() if isinstance(value, float)]
        if isinstance(found[old], float) and abs(sum(numbers) - 1) < 1e-9:
            found[old] /= 2
        if isinstance(found[old], dict) and "count_share" in found[old]:
            found[old]["count_share"] /= 2
        found[new] = dict(found[old]) if isinstance(found[old], dict) else found[old]
    return found

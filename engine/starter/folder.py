"""The config folder of a market of one's own: all its files, and how it is written.

Policies, space, questions, observed figures and commands come from the templates beside this file,
the world's files from those of the template's market. The folder is written whole, or not at all.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError

from engine.errors import InputError, StorageError
from engine.spec.explain import explain
from engine.spec.scenario import Scenario
from engine.starter.facts import GMV_BN, Facts, Sizes
from engine.starter.world import WORLD_ASSUMED, rounded, world_files

_KNOTS: Final = tuple(sum(GMV_BN[: month + 1]) / sum(GMV_BN) for month in range(12))
"""Share of the year's sales that the template has sold by the end of each month."""

_MONTH: Final = 6
"""In whose first morning is decided where no months are given."""

_PURSE: Final = 0.016
"""Of the goal, a year."""

_DECISION_ASSUMED: Final = (
    "the policy so far is like Kuaishou's in early 2020, coupons of 2 to 3 % from a purse of 1.6 % "
    "of the goal: correct policy/usual.yaml, and in policy/today.yaml what is left of the purse"
)


def starter_files(name: str, facts: Facts, conf: Path) -> tuple[dict[str, str], list[str]]:
    """Return the folder's files by their place in it, and what was assumed.

    Parameters
    ----------
    name : of the market, its scenario, space, question and figures.
    facts : what is known of it.
    conf : the config folder of the template.

    Raises
    ------
    InputError
        If there can be no market of that size.
    """
    sizes = Sizes.of(facts)
    assumed = [*sizes.assumed, *_defaults(facts), _DECISION_ASSUMED, *WORLD_ASSUMED]
    world = world_files(name, facts, sizes, conf)
    tree = yaml.safe_load(world[f"scenario/{name}.yaml"])
    _check_market(tree)
    kinds = tree["kinds"]
    return world | _decision_files(name, facts, sizes, assumed, kinds), assumed


def _check_market(tree: Any) -> None:
    """Refuse a scenario that no command would take, in terms of the facts."""
    try:
        Scenario.model_validate(tree)
    except ValidationError as error:
        first = explain(error, Scenario, "scenario")
        raise InputError(
            "facts",
            f"no market of this size can be simulated: {first.where}: {first.what}",
            first.allowed,
            "see to the units, users and orders in millions, sales and goal in bn; or count money "
            "in a larger unit, as currency='thousand KRW'",
        ) from None


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a new or empty folder: all of them, or none.

    Raises
    ------
    InputError
        If the folder is not empty.
    StorageError
        If it cannot be written.
    """
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}-", dir=folder.parent))
    except OSError as error:
        raise _failed(folder, error) from None
    try:
        for place, text in files.items():
            path = made / place
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        made.chmod(0o777 & ~_umask())
        made.rename(folder)
    except OSError as error:
        raise _failed(folder, error) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check_free(folder: Path) -> None:
    """Refuse a place where something is already.

    Raises
    ------
    InputError
        If it is a file, or a folder that is not empty.
    StorageError
        If it cannot be looked into.
    """
    try:
        is_taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise _failed(folder, error) from None
    if is_taken:
        raise InputError(
            str(folder),
            "is there already and is not empty",
            "a new or an empty folder",
            "name another one; nothing is written over",
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _failed(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder}: cannot be written: {error.strerror or error}\n"
        "  remedy:  name a folder in a place that can be written"
    )


def _defaults(facts: Facts) -> list[str]:
    """Say which facts were not given and stand at their defaults."""
    told = {
        "take_share": f"the platform keeps {100 * facts.take_share:g} % of GMV, net of returns",
        "year": f"the year is {facts.year}",
        "currency": f"amounts are in {facts.currency}",
    }
    missing = [text for name, text in told.items() if name not in facts.model_fields_set]
    if not facts.gmv_bn:
        missing.append(
            f"it is decided on {_decision_date(facts)}; observed figures are placeholders"
        )
    return missing


def _decision_date(facts: Facts) -> date:
    """The morning after the last month that is given."""
    return date(facts.year, len(facts.gmv_bn) + 1 if facts.gmv_bn else _MONTH, 1)


def _decision_files(
    name: str,
    facts: Facts,
    sizes: Sizes,
    assumed: Sequence[str],
    kinds: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """Return every file but those of the world, by its place in the folder."""
    templates = {
        "commands.yaml": "commands.yaml",
        "README.md": "README.md",
        f"space/{name}.yaml": "space.yaml",
        f"question/{name}.yaml": "question.yaml",
        f"question/{name}_later.yaml": "question_later.yaml",
        f"question/{name}_year.yaml": "question_year.yaml",
    } | {
        f"policy/{policy}.yaml": f"policy_{policy}.yaml"
        for policy in ("usual", "today", "campaign", "everything")
    }
    own = [kind["name"] for kind in kinds if not kind.get("comes_with_partner")]
    words = _words(name, facts, sizes) | {"assumed": assumed, "kinds": own}
    files = {
        place: _environment().get_template(f"{template}.j2").render(words)
        for place, template in templates.items()
    }
    return files | {f"observed/{name}.csv": _figures(facts, sizes)}


@cache
def _environment() -> Environment:
    return Environment(  # plain text for people and YAML, no HTML
        loader=PackageLoader("engine.starter"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _words(name: str, facts: Facts, sizes: Sizes) -> dict[str, Any]:
    """What the templates fill in; `share` is of the goal, `amount` an amount of an order's size."""
    day = _decision_date(facts)

    def share(part: float) -> float:
        return rounded(part * sizes.goal_bn)

    return {
        "name": name,
        "currency": facts.currency,
        "day": day,
        "later": date(day.year, min(day.month + 3, 12), 1),
        "goal": sizes.goal_bn,
        "share": share,
        "amount": lambda rmb: rounded(rmb * sizes.money),
        "purse": share(_PURSE),
        "purse_left": share(_PURSE * (13 - day.month) / 12),
        "knots": [float(f"{knot:.4g}") for knot in _knots(facts, sizes)],
    }


def _knots(facts: Facts, sizes: Sizes) -> list[float]:
    """Share of the goal sold after each month: what is known, then on the template's way."""
    if not facts.gmv_bn:
        return list(_KNOTS)
    sold = [sum(facts.gmv_bn[: month + 1]) / sizes.goal_bn for month in range(len(facts.gmv_bn))]
    known = min(sold[-1], 0.99)
    begin = _KNOTS[len(sold) - 1]
    rest = [known + (1 - known) * (knot - begin) / (1 - begin) for knot in _KNOTS[len(sold) :]]
    return [min(share, known) for share in sold] + rest


def _figures(facts: Facts, sizes: Sizes) -> str:
    """Return the table of observed figures: those that were given, or placeholders."""
    placeholders = [rounded(gmv * sizes.gmv) for gmv in GMV_BN[: _MONTH - 1]]
    months = facts.gmv_bn or placeholders
    sure, note = ("high", "given") if facts.gmv_bn else ("low", "placeholder: put your own")
    until = f"{facts.year}-01 to {facts.year}-{len(months):02d}"
    rows = [
        f"fit,gmv,{facts.year}-{month:02d},{value:g},bn {facts.currency},{sure},,{note}"
        for month, value in enumerate(months, start=1)
    ]
    if facts.order_value:
        unit = f"{facts.currency} per order"
        rows.append(f"fit,order_value,{until},{facts.order_value:g},{unit},medium,,given")
    if facts.take_share:
        told = "given" if "take_share" in facts.model_fields_set else "assumed"
        rows.append(f"fit,take_share,{until},{100 * facts.take_share:g},% of GMV,low,,{told}")
    return "\n".join(["role,key,period,value,unit,confidence,tolerance,note", *rows, ""])

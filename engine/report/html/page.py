"""Builds `report.html` out of the tables in a results folder.

The libraries that draw its pictures, and each picture as a static one, come from `vl-convert`,
which holds the Vega libraries: nothing is fetched. Last of all the page gets the words of its
scenario, in what people read of it, never in its markup, script or code.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import date
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.cache import cache_folder
from engine.collection import CHANGED
from engine.report.charts.grammar import CONFIG, Picture
from engine.report.charts.sweep import SweepView
from engine.report.definitions import MEASURES
from engine.report.findings.comparison import sales_lead
from engine.report.findings.limits import limits, small_sample
from engine.report.findings.options import decision_told
from engine.report.formatting import scaled
from engine.report.html.analyses import analysis_sections
from engine.report.html.answer import lead_sentences
from engine.report.html.blocks import Section, section
from engine.report.html.policies import COLUMNS, policies_shown
from engine.report.html.search import search_sections
from engine.report.html.static import begin_drawing
from engine.report.policy_words import POLICY_WORDS
from engine.report.read.folder import read_study
from engine.report.read.results_model import StudyResults
from engine.report.terms.translate import Terms
from engine.results.storage import open_folder
from engine.spec.words import in_currency, in_words

_NAME: Final = "report.html"

_FEW: Final = 3
"""Worlds that are named; of more it is said how many they are."""

_RANGE: Final = re.compile(r"(?<=[\d%]) (to|至|…|±) (?=[−+\d])")
"""Within a range of numbers, which stays on one line."""

_NOT_TRANSLATED: Final = (
    "Names of policies, worlds and keys, commands, and messages of what failed stay as they are."
)

_PER_CENT: Final = re.compile(r"(?<=\d)[ \u00a0]?%")

_PIECES: Final = re.compile(r"<(script|style|pre|code)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
"""What is left as it is (a part with its content, a tag), or text."""

_GLOBAL: Final = "window.vegaEmbed = vegaEmbed;"
"""What the libraries' script leaves to the page's own."""


def build_report(
    folder: Path, study: StudyResults | None = None, language: str | None = None
) -> Path:
    """Write one page that opens offline, and return where it is.

    Parameters
    ----------
    folder : the results folder, in which the page is written too.
    study : what was read from it, if it was read already.
    language : `en` or `zh`; none: that of the study's config.

    Raises
    ------
    StorageError
        If the folder holds no results or cannot be written to.
    """
    begin_drawing()  # takes its time to start
    study = read_study(folder) if study is None else study
    currency = study.setting("scenario", "currency") or "RMB"
    terms = Terms(language or study.setting("report", "language") or "en", currency)
    with _unchecked_charts():
        text = _with_one_per_cent(_page_text(study, terms), terms.language)
    page = _page_in_words(text, currency, study.setting("scenario", "words") or {})
    open_folder(folder).put(_NAME, page.encode())
    return Path(folder) / _NAME


@contextlib.contextmanager
def _unchecked_charts() -> Iterator[None]:
    """Let Altair hold no part of a chart against its schema: tests do so with whole charts."""
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        yield


def _page_text(study: StudyResults, terms: Terms) -> str:
    """Return the whole page; `terms` learns which texts its glossary lacks."""
    environment = Environment(
        loader=PackageLoader("engine.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "tight": _tight,
        "t": terms,
        "soft": terms.softly,
        "amounts": terms.amounts,
    }
    drawn = _Drawn(terms)
    environment.globals |= {"picture": drawn.picture, "specs": drawn.script}
    context = _context(study, terms, drawn)
    return environment.get_template("report.html.j2").render(context)


class _Drawn:
    """The pictures of one page: those of a section are drawn while the next one is made."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._draw = begin_drawing()
        self._places: dict[int, int] = {}
        self._specs: list[dict[str, Any]] = []
        self._images: list[Future[str]] = []

    def take(self, part: Section) -> Section:
        """Begin to draw the pictures of a section; return it."""
        for one in part.pictures:
            self._places[id(one)] = len(self._specs)
            self._specs.append(self._terms.spec(one.spec))
            self._images.append(self._draw(self._specs[-1], CONFIG))
        return part

    def picture(self, one: Picture) -> tuple[int, str]:
        """Return the place of a picture and its static form."""
        place = self._places[id(one)]
        return place, self._images[place].result()

    def script(self) -> Markup:
        """Return what the page's script draws, as JSON that is safe inside a page."""
        text = json.dumps({"config": CONFIG, "specs": self._specs}, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _breakable(name: str) -> Markup:
    """Let a long name break after its underscores and dots, and no range of numbers."""
    parts = re.split(
        r"(?<=[A-Za-z][_.])(?=\w)", _RANGE.sub("\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", name)
    )
    return Markup("<wbr>").join(parts)


def _tight(sentence: str) -> str:
    """Keep a number, its interval and its unit on one line."""
    space = "\N{NO-BREAK SPACE}"
    return sentence.replace(" ± ", f"{space}±{space}").replace(" bn RMB", f"{space}bn{space}RMB")


def _context(study: StudyResults, terms: Terms, drawn: _Drawn) -> dict[str, Any]:
    told = decision_told(study)
    options = {one.policy: one.short for one in told.options}
    lead, more = lead_sentences(study)
    policies = policies_shown(study, list(options))
    return {
        "lang": terms.language,
        "title": _title(study),
        "question": study.setting("experiment", "question") if study.claims else None,
        "warnings": [
            said
            for said in (
                study.incomplete,
                small_sample(study.config, study.runs),
                SweepView(study.sweep).unfinished(),
                SweepView(study.sweep).horizons(),
            )
            if said
        ],
        "lead": lead,
        "more": more,
        "headline": told.headline,
        "options": told.options,
        "names": policies.names,
        "change_sentences": told.changes,
        "sections": [drawn.take(part) for part in _sections(study, options, policies.names)],
        "policies": section("The policies", tables=[policies.table]),
        "cards": policies.cards,
        "places": {card.policy: place for place, card in enumerate(policies.cards)},
        "reference": policies.reference,
        "measures": _definitions(study),
        "limits": [*limits(study), *([] if terms.language == "en" else [_NOT_TRANSLATED])],
        "facts": _facts(study),
        "command": study.command,
        "as_found": study.as_found,
        "versions": study.versions,
        "config_hash": study.config_hash,
        "libraries": Markup(_vega_libraries()),  # of the bundle, not of a user
    }


def _sections(
    study: StudyResults, options: dict[str, str], names: dict[str, str]
) -> Iterator[Section]:
    every = chain(search_sections(study, options, names), analysis_sections(study))
    return (one for one in every if one is not None)


def _title(study: StudyResults) -> str:
    target = f"{scaled('gmv_paid_fen', study.target_fen):g} billion RMB"
    if study.prices:
        return f"What does each target cost from {_day(study.setting('decision_date'))} on?"
    if study.searched:
        return (
            f"How could {target} of GMV be reached?" if study.target_fen else "What does GMV cost?"
        )
    titles = (
        (study.sweep, SweepView(study.sweep).title()),
        (study.trial, "What a test in the market would say"),
        (study.response, "What each lever does alone"),
        (study.ablation, f"What each mechanism does{_under(study)}"),
        (study.sensitivity, "What moves the measures"),
        (study.calibration, f"How well {study.setting('scenario', 'name')} fits what was observed"),
    )
    for rows, title in titles:
        if rows:
            return title
    names = study.policies
    if not names:
        return "Incomplete results"
    if study.comparison:
        told = sales_lead(study)
        return told.title if told else f"{len(names)} policies under common random numbers"
    return f"What is simulated under {', '.join(names)}"


def _under(study: StudyResults) -> str:
    """Return the policy that a job simulates, as it ends a title; nothing if it names none."""
    name = study.setting("policy", "name")
    return f" under {name}" if name else ""


def _day(written: Any) -> str:
    """Return a date in words; what is no date as it is written."""
    try:
        day = date.fromisoformat(str(written))
    except ValueError:
        return str(written)
    return f"{day.day} {day:%B %Y}"


def _facts(study: StudyResults) -> list[tuple[str, str]]:
    """Return what was asked, as pairs of a word and its value."""
    worlds = sorted({row["world"] for row in study.runs})
    buyers = study.setting("scale", "buyers_count")
    searched = study.setting("search", "trials_count") if study.searched else None
    known = [
        ("Scenario", study.setting("scenario", "name")),
        ("Horizon", _horizon(study)),
        ("Scale", study.setting("scale", "name")),
        ("Simulated buyers", f"{buyers:,}" if buyers else None),
        ("Worlds", ", ".join(worlds) if len(worlds) <= _FEW else str(len(worlds))),
        ("Runs a policy", study.runs_per_policy),
        ("Policies searched", searched),
        ("Seed", study.seed),
        ("World seed", study.setting("world_seed")),
        ("Poquan", study.versions.get("poquan")),
        ("Config", study.config_hash[:12]),
    ]
    return [(word, str(value)) for word, value in known if value not in {None, ""}]


def _horizon(study: StudyResults) -> str | None:
    calendar = study.setting("scenario", "calendar") or {}
    start, end = calendar.get("start"), calendar.get("end")
    if not (start and end):
        return None
    return f"{start} – {end}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _definitions(study: StudyResults) -> list[tuple[str, str]]:
    """Return the words of a page with what they mean: those of policies, then measures."""
    analyses = (study.ablation, study.calibration, study.sensitivity, study.response, study.trial)
    has_policies = not any((*analyses, study.sweep))
    names = [*COLUMNS, "budget_spent_share", "cost_fen"] if has_policies else []
    rows = (*study.comparison, *study.ablation, *study.sensitivity, *study.response, *study.trial)
    names += [row["measure"] for row in rows] + (list(CHANGED) if study.sweep else [])
    told = [MEASURES[name] for name in dict.fromkeys(names) if name in MEASURES]
    return [*(POLICY_WORDS.items() if study.prices else ()), *told]


def _with_one_per_cent(page: str, language: str) -> str:
    """Return a page with per cents in one form: a space before the sign, in Chinese none."""
    mark = "%" if language == "zh" else "\N{NO-BREAK SPACE}%"

    def said(piece: re.Match[str]) -> str:
        return piece[0] if piece[0].startswith("<") else _PER_CENT.sub(mark, piece[0])

    return _PIECES.sub(said, page)


def _page_in_words(page: str, currency: str, words: Mapping[str, str]) -> str:
    """Return a page with the scenario's currency throughout, and its words in all texts."""
    page = in_currency(page, currency)
    if not words:
        return page
    escaped = {str(escape(ours)): str(escape(theirs)) for ours, theirs in words.items()}

    def said(piece: re.Match[str]) -> str:
        text = piece[0]
        return text if text.startswith("<") else in_words(text, "RMB", escaped)

    return _PIECES.sub(said, page)


@cache
def _vega_libraries() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script without any dependency."""
    import vl_convert

    kept = cache_folder().parent / f"vega-{version('vl-convert-python')}.js"
    with contextlib.suppress(OSError):
        return kept.read_text(encoding="utf-8")
    script = (
        vl_convert.javascript_bundle(_GLOBAL)
        .replace("</script", "<\\/script")
        .replace("<!--", "<\\!--")
    )
    with contextlib.suppress(OSError):  # seconds, once a machine
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(script, encoding="utf-8")
        new.replace(kept)
    return script

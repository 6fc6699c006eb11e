"""A scenario's own words stand in what people read, and nowhere else."""

import io

import pytest
from hydra import compose, initialize_config_dir

from engine.config import load
from engine.report.html.page import _page_in_words
from engine.report.terminal.console import ResultsConsole
from engine.spec.jobs import SimulateJob
from engine.spec.words import in_words
from tests.worlds import CONF

WORDS = {"anchor": "shop", "anchors": "shops", "the partner's goods": "brands' <goods>"}


def test_texts_of_a_page_speak_in_the_scenario_s_words_and_markup_stays() -> None:
    page = (
        '<style>.anchor{}</style><script>{"anchor": "start"}</script><pre>anchors: 5</pre>'
        '<text text-anchor="anchor">ten largest anchors</text>'
        "<p>30 % on the partner&#39;s goods, 5 bn RMB; anchors_count</p>"
    )
    assert _page_in_words(page, "USD", WORDS) == (
        '<style>.anchor{}</style><script>{"anchor": "start"}</script><pre>anchors: 5</pre>'
        '<text text-anchor="anchor">ten largest shops</text>'
        "<p>30 % on brands&#39; &lt;goods&gt;, 5 bn USD; anchors_count</p>"
    )
    assert _page_in_words(page, "RMB", {}) == page


def test_the_longest_phrase_goes_first_and_a_word_is_replaced_once() -> None:
    words = {"anchor": "anchors", "largest anchor": "head", "anchors": "shops"}
    assert in_words("the largest anchor, an anchor, two anchors", "RMB", words) == (
        "the head, an anchors, two shops"
    )


def test_the_terminal_speaks_in_them_too() -> None:
    console = ResultsConsole("USD", WORDS, file=io.StringIO(), width=80)
    console.print("Small anchors: 3 bn RMB")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Small shops: 3 bn USD\n"


@pytest.mark.parametrize(
    ("scenario", "policy"), [("kuaishou_2020", "h1_2020"), ("pinduoduo_2019", "ten_billion")]
)
def test_every_phrase_of_a_scenario_is_one_of_this_package(scenario: str, policy: str) -> None:
    """A phrase that stands nowhere would replace nothing."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = [f"scenario={scenario}", f"policy={policy}"]
        job = load(compose("simulate", words), SimulateJob)
    engine = CONF.parent / "engine"
    rooms = (engine / room for room in ("report", "decision", "measures"))
    files = [engine / "spec/policy.py", *(path for room in rooms for path in room.rglob("*.py"))]
    ours = "".join(path.read_text(encoding="utf-8") for path in files)
    missing = [phrase for phrase in job.scenario.words if phrase not in ours.replace("’", "'")]
    assert missing == []

"""The page in a browser: nothing fails, nothing is too wide, policies are picked, all can read it.

Chromium is the system's: without one these tests are skipped.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.report import build_report, read_study
from tests.calibrate.test_report import calibrate_folder
from tests.report.studies import (
    ablate_folder,
    compare_folder,
    optimize_folder,
    priced_folder,
    replan_folder,
    simulate_folder,
)
from tests.report.test_experiment import experiment_folder
from tests.report.test_terms import (
    response_folder,
    sensitivity_folder,
    sweep_folder,
    trial_folder,
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FOLDERS = {
    "priced": priced_folder,
    "replan": replan_folder,
    "calibrate": calibrate_folder,
    "optimize": optimize_folder,
    "simulate": simulate_folder,
    "compare": compare_folder,
    "ablate": ablate_folder,
    "experiment": experiment_folder,
    "response": response_folder,
    "sensitivity": sensitivity_folder,
    "sweep": sweep_folder,
    "trial": trial_folder,
}
WIDTHS = (1440, 390)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    const inside = (one) => one.closest("svg") === null || one.tagName === "svg";
    const free = (one) => one.closest(".scroll") === null || one.matches(".scroll");
    return [...document.querySelectorAll("body *")]
        .filter((one) => inside(one) && free(one) && one.getBoundingClientRect().width > 0)
        .filter((one) => one.getBoundingClientRect().right > width + 1)
        .map((one) => `${one.tagName}.${one.className}`);
}"""
OVERLAPPING = """() => [...document.querySelectorAll("figure .live svg")].flatMap((drawing) => {
    const texts = [...drawing.querySelectorAll("text")]
        .map((one) => [one.textContent, one.getBoundingClientRect(),
                       one.parentElement.getAttribute("opacity"), one.getAttribute("opacity")])
        .filter(([text, box, ...shown]) => text.trim() && box.width && !shown.includes("0"));
    return texts.flatMap(([text, a], k) => texts.slice(k + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4,
    ).map(([other]) => `${text} | ${other}`));
})"""


class Visit:
    """A page that was opened and scrolled through, and what the browser complained of."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.goto(path.as_uri())
        for figure in page.query_selector_all("figure"):
            figure.scroll_into_view_if_needed()
        drawn = '[...document.querySelectorAll("figure")].every((one) => one.dataset.drawn)'
        page.wait_for_function(drawn, timeout=60_000)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.complaints.append(f"asked the network for {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("pages")
    return {name: build_report(make(place / name)) for name, make in FOLDERS.items()}


@pytest.fixture(scope="module")
def priced(browser: Any, pages: dict[str, Path]) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield Visit(page, pages["priced"]).page
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FOLDERS)
def test_a_page_opens_without_complaint_and_fits(
    browser: Any, pages: dict[str, Path], name: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(viewport={"width": width, "height": 900})
    visit = Visit(page, pages[name])
    assert visit.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(OVERLAPPING) == []
    faults = axe.Axe().run(page).response["violations"]
    serious = [one["id"] for one in faults if one["impact"] in {"serious", "critical"}]
    assert serious == []
    page.close()


def opened(page: Any) -> list[str]:
    """Policies whose levers are shown."""
    script = '[...document.querySelectorAll("details.policy[open]")].map((d) => d.dataset.policy)'
    return list(page.evaluate(script))


def test_a_policy_is_picked_in_an_option_by_keyboard(priced: Any) -> None:
    priced.locator('.option a[data-policy="trial_058"]').focus()
    priced.keyboard.press("Enter")
    assert opened(priced) == ["trial_058"]
    levers = priced.locator("details.policy[open] table").inner_text()
    assert "20\N{NO-BREAK SPACE}% on factory goods" in levers
    assert "subsidy.rate.source" in levers.replace("\n", "")
    assert priced.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_policy_is_picked_in_a_table(priced: Any) -> None:
    priced.locator('table a[data-policy="trial_012"]').first.click()
    assert opened(priced) == ["trial_012"]


def test_a_policy_is_picked_in_a_picture(priced: Any) -> None:
    before = opened(priced)
    priced.locator("figure .live svg .mark-symbol path").first.click()
    assert opened(priced) != before
    assert len(opened(priced)) == 1


def test_levers_fit_a_narrow_page(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(pages["priced"].as_uri())
    page.locator('.option a[data-policy="trial_058"]').click()
    dated = """() => document.querySelectorAll("table.levers td:nth-child(n+3)")
        .forEach((one) => { one.textContent = "0.02 → 0.06\u00a0(1\u00a0Jun)"; })"""
    page.evaluate(dated)
    cut = """() => [...document.querySelectorAll("details.policy[open] .scroll")]
        .map((one) => one.scrollWidth - one.clientWidth)"""
    assert page.evaluate(cut) == [0]
    page.close()


def test_on_paper_and_without_scripts_the_same_pictures_are_still(
    browser: Any, pages: dict[str, Path], priced: Any
) -> None:
    priced.emulate_media(media="print")
    assert not priced.locator("figure .live").first.is_visible()
    assert priced.locator("figure img").first.is_visible()
    priced.emulate_media(media="screen")
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(pages["priced"].as_uri())
    assert bare.locator("figure img").count() == priced.locator("figure .live svg").count()
    assert bare.locator("figure img").first.is_visible()
    context.close()


def test_a_picture_far_below_is_drawn_as_wide_as_its_place(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 300})
    page.goto(pages["priced"].as_uri())
    drawn = '[...document.querySelectorAll("figure")].every((one) => one.dataset.drawn)'
    page.wait_for_function(drawn, timeout=60_000)
    narrower = """() => [...document.querySelectorAll("figure")].map((one) =>
        one.querySelector("svg").getBoundingClientRect().width / (one.clientWidth - 32))"""
    assert min(page.evaluate(narrower)) > 0.97
    page.close()


def test_without_scripts_a_narrow_page_keeps_its_labels_large(
    browser: Any, pages: dict[str, Path]
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    bare = context.new_page()
    bare.goto(pages["priced"].as_uri())
    box = bare.locator("figure img").first.bounding_box()
    assert box["width"] > 0.7 * 660
    assert bare.locator("main").bounding_box()["width"] <= 390
    context.close()


def test_a_narrow_page_says_what_heads_a_row(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(pages["priced"].as_uri())
    said = """() => getComputedStyle(document.querySelector("table.grid tbody th"), "::before")
        .content"""
    assert "Target, bn RMB" in page.evaluate(said)
    page.close()


def test_on_paper_all_that_is_folded_is_open(priced: Any) -> None:
    shut = """(happens) => {
        window.dispatchEvent(new Event(happens));
        return document.querySelectorAll("details:not([open])").length;
    }"""
    assert priced.evaluate(shut, "beforeprint") == 0
    assert priced.evaluate(shut, "afterprint") > 0


def test_no_picture_is_taller_than_a_page_of_paper(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["priced"].as_uri())
    page.emulate_media(media="print")
    stretch = """(image) => { image.src = 'data:image/svg+xml,' + encodeURIComponent(
        '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="3000"/>'); }"""
    image = page.locator(".static img").first
    image.evaluate(stretch)
    page.wait_for_function("document.querySelector('.static img').naturalHeight === 3000")
    assert image.bounding_box()["height"] <= 210 / 25.4 * 96
    page.close()


def test_a_table_is_at_most_nine_columns_wide(pages: dict[str, Path]) -> None:
    for path in pages.values():
        text = path.read_text(encoding="utf-8").partition("<script")[0]
        for head in text.split("<thead>")[1:]:
            assert head.partition("</thead>")[0].count("<th ") <= 9


def test_a_page_stays_small(pages: dict[str, Path]) -> None:
    assert max(path.stat().st_size for path in pages.values()) < 1.6e6


def test_the_folder_of_prices_is_read_whole(pages: dict[str, Path]) -> None:
    study = read_study(pages["priced"].parent)
    assert set(study.specs) >= {"h1_2020", "trial_058"}

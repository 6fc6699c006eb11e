"""The page: one file, offline, escaped, with what the folder's tables can show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import StorageError
from engine.report import build_report, read_study, sample_note
from engine.report.html.search import _price_tables
from engine.results import Results
from tests.fakes import simulate_fake, small_case
from tests.report.studies import (
    BASELINES,
    CONFIG,
    ablate_folder,
    compare_folder,
    optimize_folder,
    priced_folder,
    simulate,
    simulate_folder,
)

VOID = {"meta", "wbr", "link", "br", "hr", "img"}
RAW = {"style", "script"}


class Page(HTMLParser):
    """Collects tags and text, and fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not RAW & set(self.open):
            self.text += data


def read(folder: Path) -> Page:
    path = build_report(folder)
    assert path == folder / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return read(optimize_folder(tmp_path_factory.mktemp("optimize")))


def test_a_search_shows_every_section(searched: Page) -> None:
    for head in (
        "How could 250 billion RMB of GMV be reached?",
        "Cheapest that reaches the goal",
        "What each policy reaches, and what it costs",
        "GMV on its way to the target",
        "Where the subsidy went",
        "Who gains and who loses",
        "What the search believed, and what fresh seeds say",
        "All policies, cheapest first",
        "What the words mean",
        "Limits of these numbers",
    ):
        assert head in searched.text


def test_the_page_asks_nothing_of_the_network(searched: Page) -> None:
    assert all(link.startswith(("data:", "#policy-")) for link in searched.links)
    assert "link" in searched.tags  # the empty icon, which is not asked for


def test_the_facts_say_what_was_asked(searched: Page) -> None:
    for fact in ("fake_market", "laptop", "20,000", "as_is", "numpy 2"):
        assert fact in searched.text


def test_every_policy_stands_in_the_table_with_its_interval(searched: Page) -> None:
    names = searched.text.replace("\N{NO-BREAK SPACE}", " ")
    for name in ("laissez_faire", "h1_2020", "double_ten_billion", "trial_012", "trial_058"):
        assert name in names
    assert re.search(r"209\.5 ± 7\.9", names)


def test_the_limits_speak_of_the_sample_and_of_the_one_world(searched: Page) -> None:
    said = plain(searched.text)
    assert "20,000 simulated buyers stand for 217,000,000 people" in said
    assert "One world" in said


def test_a_simulation_shows_its_days_and_no_frontier(tmp_path: Path) -> None:
    page = read(simulate_folder(tmp_path))
    assert "What is simulated under h1_2020" in page.text
    assert "Own coupons under “h1_2020” come to" in page.text
    assert "What each policy reaches" not in page.text
    assert "of the coupons went to" in page.text
    assert "traffic domain and buyer: h1_2020" in page.text
    assert page.text.count("known buyers") >= 20  # a row for each kind, tier and domain
    assert "Coupons more" not in page.text
    assert "How sales spread over anchors" in page.text  # nobody gains on what is not compared


def test_a_comparison_shows_differences_and_no_days(tmp_path: Path) -> None:
    page = read(compare_folder(tmp_path))
    assert "h1_2020 against laissez_faire (5 replications)" in page.text
    assert "GMV as paid per RMB of subsidy" in page.text
    assert "Most is sold under double_ten_billion" in page.text
    assert "the year ends at" not in page.text


def test_an_ablation_has_its_own_heading_and_says_what_matters(tmp_path: Path) -> None:
    page = read(ablate_folder(tmp_path))
    said = plain(page.text)
    assert "What each mechanism does" in said
    assert "M7: an anchor leaves" in said
    assert re.search(r"M7 exits matters most: without it GMV as paid changes by −[\d.]+", said)
    assert re.search(r"these change it most \(bn RMB\): M7 exits \(−[\d.]+ ± [\d.]+\)\.", said)
    assert "Never acted in these runs, the same without them: M14 target." in said
    assert "not distinguishable from zero:" not in said
    assert "What the run brings" not in said
    assert "all_on" not in said.split("What the words mean")[0]


def test_more_replications_are_not_asked_of_mechanisms_that_never_acted(tmp_path: Path) -> None:
    said = plain(read(ablate_folder(tmp_path)).text)
    never = "No number of replications tells more of 1 of {} mechanisms: they never acted"
    assert never.format(2) in said
    assert "More replications may tell" not in said

    file = tmp_path / "ablation.parquet"
    table = pq.read_table(file)
    rows = table.to_pylist()
    noisy = {"mechanism": "m09_festival", "ci_low": -1e9, "ci_high": 1e9, "difference": 1e8}
    more = [row | noisy for row in rows if row["mechanism"] == "m14_target"]
    pq.write_table(pa.Table.from_pylist(rows + more, table.schema), file)
    said = plain(read(tmp_path).text)
    assert "More replications may tell 1 of 3 mechanisms from noise" in said
    assert never.format(3) in said
    assert "On GMV as paid, not distinguishable from zero: M9 festival." in said
    assert "on any of their own measures: M9 festival." in said


@pytest.mark.parametrize(
    ("buyers", "replications", "warned"),
    [
        (20_000, 4, None),
        (9_999, 4, "small sample: 9,999 simulated buyers;"),
        (20_000, 3, "small sample: 3 replications a policy;"),
        (2_000, 1, "small sample: 2,000 simulated buyers and 1 replication a policy;"),
    ],
)
def test_a_small_sample_is_warned_of(
    tmp_path: Path, buyers: int, replications: int, warned: str | None
) -> None:
    config = CONFIG | {"scale": {"name": "smoke", "buyers_count": buyers}}
    results = Results(tmp_path, config, 7)
    results.write_runs(simulate({"h1_2020": 0.03}, replications))
    results.finish()
    page, note = read(tmp_path), sample_note(tmp_path)
    assert "changes the means little" not in plain(page.text)
    if warned is None:
        assert note is None
        assert "mall sample" not in page.text
    else:
        assert note is not None
        assert note.startswith(warned)
        assert f"S{warned[1:]}" in page.text


def test_a_folder_without_years_has_no_sample_to_warn_of(tmp_path: Path) -> None:
    assert sample_note(tmp_path) is None


def test_without_a_goal_the_probability_is_not_shown_as_nought(tmp_path: Path) -> None:
    page = read(optimize_folder(tmp_path, replications=2, goal_bn_rmb=0.0))
    rows = page.text.split("All policies, cheapest first")[1].split("What the words mean")[0]
    assert "0% to" not in rows
    assert "–" in rows


def test_what_binds_is_explained_and_stands_below_the_policy(searched: Page) -> None:
    said = plain(searched.text)
    assert "“Budget” says that the whole purse was spent, “price cap” on which share" in said
    assert re.search(r"trial_058\s*binds: budget", said)


def test_what_users_write_is_text_and_never_markup(tmp_path: Path) -> None:
    evil = "<script>alert('1')</script>&\"<b>"
    page = read(optimize_folder(tmp_path, BASELINES | {evil: 0.2}, replications=2))
    assert page.tags.count("script") == 3  # the pictures, the libraries, the page's own
    assert "b" not in page.tags
    assert evil in page.text


def test_one_year_a_policy_is_shown_without_intervals(tmp_path: Path) -> None:
    page = read(optimize_folder(tmp_path, replications=1))
    assert "nothing is known of the noise" in page.text
    assert (
        "±"
        not in page.text.split("All policies, cheapest first")[1]
        .split("What a policy")[0]
        .split("it lowered the price")[1]
    )


def test_a_search_without_a_target_asks_what_gmv_costs(tmp_path: Path) -> None:
    page = read(optimize_folder(tmp_path, replications=2, goal_bn_rmb=0.0))
    assert "What does GMV cost?" in page.text
    assert "No target was set" in page.text


def test_a_year_without_any_day_by_day_table_is_still_reported(tmp_path: Path) -> None:
    results = Results(tmp_path, CONFIG, 7)
    results.write_runs([simulate_fake(small_case())], daily=False)
    results.finish()
    assert "GMV on its way" not in read(tmp_path).text


def test_results_without_a_manifest_are_said_to_be_incomplete(tmp_path: Path) -> None:
    """As after an interruption between the first table and the last."""
    (compare_folder(tmp_path) / "manifest.json").unlink()
    page = read(tmp_path)
    assert "Incomplete results: the command was interrupted or is still running" in page.text
    (tmp_path / "runs.parquet").unlink()
    page = read(tmp_path)
    assert "\nMost is sold under double_ten_billion\n" in page.text
    assert "rests on no whole run" in page.text


def test_the_days_of_whole_years_are_shown_before_their_figures(tmp_path: Path) -> None:
    simulate_folder(tmp_path)
    for name in ("manifest.json", "runs.parquet", "monthly.parquet"):
        (tmp_path / name).unlink()
    page = read(tmp_path)
    assert "What is simulated under h1_2020" in page.text
    assert "GMV on its way to the target" in page.text
    assert "No figures of whole runs are here" in page.text
    assert "What the run brings" not in page.text


@pytest.mark.parametrize("text", ["{", "[]", '{"complete": true, "config_hash": "another"}'])
def test_a_manifest_of_other_results_completes_nothing(tmp_path: Path, text: str) -> None:
    (simulate_folder(tmp_path) / "manifest.json").write_text(text)
    assert "Incomplete results" in read(tmp_path).text


def test_a_table_that_is_gone_is_named(tmp_path: Path) -> None:
    (optimize_folder(tmp_path, replications=2) / "runs.parquet").unlink()
    assert "what was written of runs is not there any more" in read(tmp_path).text


def test_policies_of_which_nothing_is_known_give_no_broken_title(tmp_path: Path) -> None:
    results = Results(tmp_path, CONFIG, 7)
    results.write_rows("trials", [{"trial": 0, "policy": "trial-0", "state": "complete"}])
    page = read(tmp_path)
    assert "What is simulated under" not in page.text
    assert page.text.count("Incomplete results") == 3  # the tab, the title, the warning


def test_the_page_is_the_same_for_the_same_tables(tmp_path: Path) -> None:
    folder = simulate_folder(tmp_path)
    first = build_report(folder).read_bytes()
    assert build_report(folder).read_bytes() == first


def test_a_folder_without_results_is_refused_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no results to report on"):
        build_report(tmp_path)


def test_the_main_job_opens_with_the_decision_and_its_options(tmp_path: Path) -> None:
    said = plain(read(priced_folder(tmp_path)).text)
    first = said.partition("What each target costs")[0]
    for part in (
        "Doing nothing more reaches 250 bn RMB with probability 0.50 only.",
        "1.2 bn RMB what the recommended policy costs less than going on as today",
        "80 % of worlds: 1 to 1.3",
        "Cheapest that reaches the goal",
        "Knee of the price curve",
        "Ambitious: the highest that is reached",
        "Small anchors: income",
        "bn RMB against today",
        "Whoever wants to be surer than 0.85 needs another policy.",
        "With 2 runs a world, the probability of 0.85 may be anything from 0.24 to 0.99.",
        "A wider range may hold a better policy: price cap at its least.",
        "In the worst of the 2 worlds (as_is) it reaches the goal with 0.60 only.",
    ):
        assert part in first, part
    assert "Config" not in first
    assert said.index("Limits of these numbers") < said.index("how to repeat it")


def test_a_price_has_its_range_below_it(tmp_path: Path) -> None:
    (prices,) = _price_tables(read_study(priced_folder(tmp_path)))
    heads = [head for head, _ in prices.heads]
    cells = [row.cells[heads.index("RMB per RMB")] for row in prices.rows]
    assert [(cell.text, cell.small) for cell in cells[:2]] == [("–", ""), ("0.10", "0.10 to 0.20")]
    reach = prices.rows[0].cells[heads.index("P reach")]
    assert (reach.text, reach.small) == ("0.85", "0.24 to 0.99")


def test_what_a_policy_of_several_rows_does_is_written_once(tmp_path: Path) -> None:
    study = read_study(priced_folder(tmp_path))
    first, second, *_ = study.prices
    again = {name: first[name] for name in ("says", "policy")}
    (prices,) = _price_tables(replace(study, prices=[first, {**second, **again}]))
    cells = [row.cells[2] for row in prices.rows]
    assert [(one.text, one.small) for one in cells] == [("A", first["says"]), ("as A", "")]
    assert {one.policy for one in cells} == {first["policy"]}


def test_per_cents_have_one_form(tmp_path: Path) -> None:
    folder = priced_folder(tmp_path)
    for language, other in (("en", r"\d%"), ("zh", r"\d\s%")):
        said = Page(build_report(folder, language=language).read_text(encoding="utf-8")).text
        assert re.search(r"\d\s?%", said)
        assert not re.search(other, said)


def test_what_repeats_the_study_stands_at_the_end(tmp_path: Path) -> None:
    folder = simulate_folder(tmp_path)
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("- policy=today\n- hydra.run.dir=x\n")
    (folder / ".poquan.json").write_text('{"command": "simulate"}')
    assert "python -m experiments.simulate policy=today" in read(folder).text.splitlines()
    assert "hydra.run.dir=x" not in read(folder).text

"""The glossary of the page: no text is missing, and what is filled in is translated too."""

import json
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from altair.vegalite.v6.schema.core import Root

from engine.collection import FAILED, FINISHED, StudyMember, collected_rows
from engine.compare import paired
from engine.decision.inert import Difference
from engine.decision.names import lever_phrase
from engine.report import build_report, read_study
from engine.report.findings.claims import claim_sentence
from engine.report.html.page import _page_text
from engine.report.html.search import _RUNG_NOTE
from engine.report.terms.translate import Terms
from engine.results import Results
from engine.spec.base import Dated
from tests.kinds import LEVERS
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
from tests.report.test_response import ROWS as SWEPT
from tests.report.test_sensitivity import FEW
from tests.report.test_sensitivity import ROWS as INDICES
from tests.worlds import CONF


def response_folder(folder: Path) -> Path:
    return rows_folder(folder, "response", SWEPT)


def sensitivity_folder(folder: Path) -> Path:
    return rows_folder(folder, "sensitivity", INDICES)


def factors_folder(folder: Path) -> Path:
    return rows_folder(folder, "sensitivity", FEW)


def baseline_folder(folder: Path) -> Path:
    """A comparison whose baseline sells most."""
    years = simulate(BASELINES, 3)
    results = Results(folder, CONFIG, 7)
    results.write_runs(years, daily=False)
    measures = ["gmv_paid_fen", "subsidy_fen"]
    results.write_rows("comparison", paired(years, "double_ten_billion", measures))
    results.finish()
    return folder


def trial_folder(folder: Path) -> Path:
    row = {
        "truth": 1e9,
        "truth_se": 1e8,
        "truth_half_width": 2e8,
        "spread": 4e8,
        "standard_error": 3e8,
        "half_width": 6e8,
    }
    row |= {"covered_share": 0.9, "detected_share": 0.8, "detectable": 8e8, "cost_fen": 1e10}
    rows = [
        row | {"design": design, "measure": measure, "estimate": 1e9 + k, "bias": k}
        | {"tests_count": 8}
        for k, design in enumerate(("switchback", "before_after", "markets"))
        for measure in ("gmv_paid_fen", "orders_count")
    ]  # fmt: skip
    return rows_folder(folder, "trial", rows)


def sweep_folder(folder: Path) -> Path:
    jobs = [simulate_folder(folder / str(k), rate=0.1 * k) for k in range(2)]
    members = [
        StudyMember(f"rate={k}", {"rate": k}, place, FINISHED) for k, place in enumerate(jobs)
    ]
    lost = StudyMember("rate=2", {"rate": 2}, folder / "2", FAILED, "killed")
    return rows_folder(folder / "all", "sweep", collected_rows([*members, lost]))


def rows_folder(folder: Path, table: str, rows: list[dict[str, Any]]) -> Path:
    trial = {"start": "2020-07-20", "days": 56, "control": {"name": "h1_2020"}}
    trial |= {"policy": {"name": "double_ten_billion"}}
    results = Results(folder, CONFIG | {"search": None, "run_off_days": 365} | trial, 7)
    results.write_rows(table, rows)
    results.finish()
    return folder


MAKERS = (
    ablate_folder,
    baseline_folder,
    compare_folder,
    factors_folder,
    optimize_folder,
    priced_folder,
    response_folder,
    sensitivity_folder,
    simulate_folder,
    sweep_folder,
    trial_folder,
)


@pytest.mark.parametrize("make", MAKERS)
def test_no_text_of_a_page_is_missing_and_its_pictures_are_vega_lite(
    tmp_path: Path, make: Any
) -> None:
    terms = Terms("zh")
    page = _page_text(read_study(make(tmp_path)), terms)
    assert terms.missing == set()
    assert '<html lang="zh">' in page
    found = re.search(r'id="specs">(.*?)</script>', page)
    assert found is not None
    for spec in json.loads(found[1])["specs"]:
        Root.validate(spec)


def test_english_is_what_is_written() -> None:
    terms = Terms("en")
    assert terms("What each target costs") == "What each target costs"
    assert terms.missing == set()


def test_what_is_filled_in_is_translated_too() -> None:
    terms = Terms("zh")
    said = "Cheapest is no coupons, cap 0.9 and 3 more: it costs 1.2 bn RMB less, sells 3 bn"
    assert terms(f"{said} RMB less and reaches it with 0.80.") == (
        "最便宜的是 不发券、限价 0.9 及另外 3 项：少花 12 亿元，少卖 30 亿元，"
        "达到目标的概率为 0.80。"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2.9 bn RMB", "29 亿元"),
        ("−1,234.5 ± 0.02 bn RMB", "−12,345 ± 0.2 亿元"),
        ("purse 38 bn", "补贴预算 380 亿元"),
        (
            "The year ends at 310.2 bn RMB, 80 % between 239.7 and 375.9, around the goal of 250",
            "全年 3,102 亿元，80% 在 2,397 与 3,759 亿元之间，在目标 2,500 亿元上下",
        ),
        ("12, 32, 60 % after 1/4, 1/2, 3/4 of its days", "天数过 1/4、1/2、3/4 时 12、32、60 %"),
        ("10 May 2020 Kuaishou", "快手 2020 年 5 月 10 日"),
        ("GMV as paid, mean, bn RMB", "实付 GMV、均值、亿元"),
        ("GMV as paid (limit)", "实付 GMV（约束）"),
        (
            "Turned off one at a time, these change it most (bn RMB): M7 exits (−6.8 ± 1.2).",
            "逐个关闭时变化最大的（亿元）：M7 退出（−68 ± 12）。",
        ),
        (
            (
                "What the largest changes of the recommended policy bring, in 8 pairs of runs, "
                "GMV (95 %) and contribution, bn RMB: library 50 % for heads −8.7 (−32.4 to 15.1: "
                "noise) and −0.1; 9 more."
            ),
            (
                "推荐政策最大变化的作用（8 对运行），GMV（95%）与贡献，亿元：选品库对头部"
                "开放 50 % −87（−324 至 151：噪声）与 −1；另外 9 项。"
            ),
        ),
    ],
)
def test_money_is_counted_in_hundred_millions(said: str, told: str) -> None:
    assert Terms("zh").softly(said) == told


@pytest.mark.parametrize(
    ("cell", "of", "told"),
    [
        ("0.5 → 2.5 (1 Jun 2021)", "bn RMB a year", "5 → 25 (1 Jun 2021)"),
        ("0.02", "share of price", "0.02"),
        ("80 % of worlds: −1.8 to −1.6", "−1.7 bn RMB", "80% 的世界：−18 至 −16"),
        ("−16.3 bn RMB against today", "311.2 bn RMB", "相对今天 −163 亿元"),
    ],
)
def test_numbers_whose_unit_stands_elsewhere_are_counted_so_too(
    cell: str, of: str, told: str
) -> None:
    assert (
        Terms("zh").amounts(cell.replace("1 Jun", "1\u00a0Jun"), of).replace("\u00a0", " ") == told
    )
    assert Terms("en").amounts(cell, of) == cell


def test_another_currency_stands_for_the_yuan() -> None:
    said = "290 bn RMB costs 0.2 bn RMB more than today"
    assert Terms("zh").softly(said) == "2,900 亿元比今天多花 2 亿元"
    assert Terms("zh", "USD").softly(said) == "2,900 亿 USD 比今天多花 2 亿 USD"


def test_tables_and_cards_count_money_so(tmp_path: Path) -> None:
    folder = priced_folder(tmp_path)
    page, told = (
        re.sub(r"<[^>]*>|\s+", " ", _page_text(read_study(folder), Terms(language)))
        for language in ("en", "zh")
    )
    for name, found in (("Target reached", "达到的目标"), ("Own subsidy", "平台自有补贴")):
        amounts = [float(one) for one in re.findall(rf"{name} +([\d.]+) bn RMB", page)]
        others = re.findall(rf"{found} +([\d,.]+) 亿元", told)
        assert [float(one.replace(",", "")) for one in others] == [10 * one for one in amounts]
        assert amounts
    rows = re.findall(r"(\d+) +0\.50 +[A-D] ", page), re.findall(r"([\d,]+) +0\.50 +[A-D] ", told)
    assert [float(one.replace(",", "")) for one in rows[1]] == [10 * float(one) for one in rows[0]]
    assert rows[0]


def test_a_row_s_name_is_broken_into_lines_as_its_english_is() -> None:
    terms, name = Terms("zh"), "share of the 100 largest|anchors, May 2020"
    found = terms.spec([{"name": name}, {"sort": [name]}])
    assert found[0]["name"] == found[1]["sort"][0]  # the axis finds its rows
    lines = found[0]["name"].split("|")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 16
    assert terms.spec({"name": "no|body"}) == {"name": "no|body"}
    assert terms.spec({"name": "purse"}) == {"name": terms("purse")}


def test_an_axis_in_bn_is_labelled_in_hundred_millions() -> None:
    amount = {"field": "gmv", "title": "GMV as paid, bn RMB", "axis": {"ticks": False}}
    found = Terms("zh").spec({"x": amount, "y": {"field": "a", "title": "Share, %"}})
    assert found["x"]["axis"] == {"ticks": False, "labelExpr": "format(10 * datum.value, ',~g')"}
    assert "axis" not in found["y"]
    assert Terms("en").spec({"x": amount})["x"] == amount


UNSHOWN = (
    "Too close to tell: most is sold under a or b",
    "Too close to tell: most is sold under a or b; a sells +1.0 bn RMB of GMV as paid against b",
    "Too close to tell which of 3 policies sells most",
    "In a single replication most is sold under a",
    "More replications may part a and b, which differ by no more than noise.",
    "In some worlds a sells more than b.",
    "With one replication nothing is known of noise: ask for 4 at least.",
    "The two spend alike: what a RMB of subsidy more brings is not defined.",
    "What a RMB of subsidy more brings is not known: its interval has no limits.",
    "A RMB of own subsidy more brings 0.70 to 0.78 RMB of GMV as paid, by policy",
    "Gini: of the levers of the space, by purse (0.7); which moves it most is too close to tell.",
    "GMV as paid: not enough runs to tell which of the levers of the space moves it most.",
    "Gini is moved by purse, of the levers of the space, too close to tell which moves it most",
    "Net cost is moved by purse, of the levers of the space; others may move it as much",
    "Not enough runs to tell what moves net cost most, of the levers of the space: purse",
    "No straight change of net cost is distinguishable from zero",
    (
        "The target of 250 bn RMB is held against the sales of 2020, those before 2020-06-01"
        " included, 312.3 bn RMB, and reached in all of the runs."
    ),
    (
        "P(reach) holds the goal against the sales of 2020 alone: these are not the GMV that is"
        " shown, which is that of the horizon."
    ),
    (
        "No single change of the recommended policy moves GMV beyond noise; the largest bring, in"
        " 8 pairs of runs, GMV (95 %) and contribution, bn RMB: no gate +8.7 (−2.4 to 15.1)"
        " and −0.1."
    ),
    (
        "With the world world_3 left out, the recommended policy reaches the goal with 0.72 only,"
        " below the asked 0.8."
    ),
    (
        "The next step, 295 bn RMB, is to go on as today, which costs 1.7 bn RMB more than the"
        " policy recommended."
    ),
    (
        "The next step, 285 bn RMB, costs 1.1 bn RMB more than the policy recommended and 0.7 bn"
        " RMB less than today's: purse 38 bn."
    ),
    f"{_RUNG_NOTE} Choosing what to try took 1.6 s, simulating it 20 s of a core (7% choosing).",
    "295 bn RMB costs the same as today, 315 bn RMB costs 16.8 bn RMB more than today",
    (
        "How sure: 8 worlds are asked; those that match 7 figures known by the decision best count"
        " most, as if only 4.0 were asked. With one of them left out in turn, the same policy is"
        " recommended in 8 of 8 cases, and costs 1.7 to 1.8 bn RMB less than today's."
    ),
    (
        "The known figures by themselves would let 1.8 of 8 worlds decide, too few to trust; so"
        " all count more evenly, as if 4 were asked."
    ),
    (
        "6 of the 7 known figures are placeholders or assumed, by the notes in their table: put"
        " observed ones there before you trust the answer."
    ),
    (
        "Of the 30 bn RMB that the policy in force until then has for the partner's coupons,"
        " 12 bn RMB are left on 2020-09-01, but today's policy goes on with 30 bn RMB; to go on"
        " with what is left, set it (baselines.today.subsidy.partner_budget_bn_rmb)."
    ),
    "The ten largest anchors sell as much in the last month as in the first under a: 10.7%",
    (
        "The share of the ten largest anchors does not move beyond noise: 1% in the first month,"
        " 2% in the last under a"
    ),
    "GMV as paid does not move beyond noise: 330.0 to 332.0 bn RMB",
    "Top-10 share does not move beyond noise: 9.8% to 10.0%",
    "GMV as paid does not move: 330.0 bn RMB in all jobs",
    "GMV as paid does not move beyond noise in any job.",
    "s0 and s1 side by side",
    "More replications may tell 6 of 23 mechanisms from noise: so far they may do nothing.",
    "On GMV as paid, not distinguishable from zero: M9 festival.",
    "Not distinguishable from zero on any of their own measures: M9 festival.",
    "Recommended by the first goal: trial_044, Net cost 4.00 bn RMB.",
    "P(all constraints hold) 0.97. No other finalist holds them as surely.",
    "P(best of the 4 finalists that hold them) 0.80; expected loss against the best of them 0.3%.",
    (
        "The shape of its target path brings nothing beyond a straight one that is distinguishable"
        " from noise: GMV 0.75 (−2.4 to 3.9) and contribution 0 (0 to 0) bn RMB; the push"
        " is 1.0% in the mean, on a straight one 1.2%."
    ),
)
"""Sentences of pages that none of the folders here brings about."""


@pytest.mark.parametrize("said", UNSHOWN)
def test_sentences_that_no_folder_here_has_are_known_too(said: str) -> None:
    assert not ENGLISH.search(Terms("zh")(said))


def test_latin_letters_stand_apart_from_what_follows() -> None:
    told = Terms("zh")("No single difference from today moves GMV as paid beyond noise")
    assert told == "没有单独一项不同能让实付 GMV 的变化超出噪声"


def test_a_missing_text_stays_and_is_known() -> None:
    terms = Terms("zh")
    assert terms("Never written anywhere") == "Never written anywhere"
    assert terms.softly("Nor this one") == "Nor this one"
    assert terms.missing == {"Never written anywhere"}


def test_the_language_is_that_of_the_config_or_the_one_asked_for(tmp_path: Path) -> None:
    folder = priced_folder(tmp_path)
    assert "什么会改变答案" not in build_report(folder).read_text(encoding="utf-8")
    assert "什么会改变答案" in build_report(folder, language="zh").read_text(encoding="utf-8")


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,})+")
"""Two words that follow one another: names, keys and commands have none."""


class _Seen(HTMLParser):
    """What a reader sees of a page, text by text; what stands in code is not read."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in {"script", "style", "code"}
        if tag not in {"wbr", "strong", "a", "span"}:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts[-1] += data


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_but_names_is_left_in_english(tmp_path: Path, make: Any) -> None:
    seen = _Seen()
    seen.feed(_page_text(read_study(make(tmp_path)), Terms("zh")))
    assert [text for text in seen.texts if ENGLISH.search(text)] == []


@pytest.mark.parametrize("make", MAKERS)
def test_what_pictures_say_is_translated_and_money_in_it_counted(tmp_path: Path, make: Any) -> None:
    study = read_study(make(tmp_path))
    pages = (_page_text(study, Terms(language)) for language in ("en", "zh"))
    drawn = (re.search(r'id="specs">(.*?)</script>', page, re.DOTALL) for page in pages)
    ours, told = (list(_said_in(json.loads(one[1]))) if one else [] for one in drawn)
    assert [text for text in told if ENGLISH.search(text)] == []
    for text, other in zip(ours, told, strict=True):
        if " bn RMB" in text:
            amount = re.search(r"([\d,.]+)(?: ± [\d,.]+)? bn RMB", text)
            assert amount is not None, text
            assert f"{10 * float(amount[1].replace(',', '')):g}" in re.sub(
                r"(?<=\d)\.0\b|,", "", other
            ), (text, other)


def _said_in(tree: Any) -> Iterator[str]:
    """What a reader sees of pictures' data."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, (dict, list)):
            yield from _said_in(value)
        elif key in {"tip", "told", "name", "series"} and isinstance(value, str):
            yield value.replace("|", " " if re.search("[A-Za-z]", value) else "")


@pytest.mark.parametrize(
    "path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda one: one.stem
)
def test_what_a_named_experiment_asks_and_claims_is_in_the_glossary(path: Path) -> None:
    asked = yaml.safe_load(path.read_text(encoding="utf-8"))["experiment"]
    row = {"verdict": "does not hold", "value": -5e11, "ci_low": -6e11, "ci_high": -4e11}
    told = [asked["question"], f"Look at: {asked['look_at']}."]
    for claim in asked["claims"].values():
        told += [claim["says"], claim_sentence(row | claim)]
        told.append(claim_sentence(row | claim | {"ci_low": None, "verdict": "undecided"}))
    assert [one for one in map(Terms("zh").softly, told) if ENGLISH.search(one)] == []


def test_every_measure_lever_and_mechanism_is_in_the_glossary() -> None:
    from engine.report.definitions import MEASURES
    from engine.report.findings.factor_words import factor_words
    from engine.spec.mechanisms import MECHANISMS

    terms = Terms("zh")
    told = [text for pair in MEASURES.values() for text in pair]
    told += [one.title for one in MECHANISMS]
    told += [factor_words(path, lever.goods) for path, lever in LEVERS.items()]
    told += [text for one in LEVERS.values() for text in (one.doc, one.unit)]
    assert [one for one in told if one and ENGLISH.search(terms.softly(one))] == []


@pytest.mark.parametrize(("path", "lever"), LEVERS.items(), ids=LEVERS)
def test_what_a_policys_name_says_of_a_lever_is_in_the_glossary(path, lever) -> None:
    if lever.choices:
        return
    low, high = lever.search
    values: list[object] = [low, high] if lever.off is None else [low, high, lever.off]
    if lever.dated:
        values.append(Dated(steps=((date(2020, 1, 1), (low + high) / 2), (date(2020, 6, 1), high))))
    told = [lever_phrase(Difference(path, value, None, lever)) for value in values]
    assert [one for one in map(Terms("zh").softly, told) if ENGLISH.search(one)] == []


def test_a_paragraph_is_translated_sentence_by_sentence_and_a_list_member_by_member() -> None:
    terms = Terms("zh")
    assert terms.softly("Accepted orders. Mean daily active users.") == "成交的订单。日均活跃用户。"
    assert terms.softly("M7 exits, M14 target and M5 library") == "M7 退出、M14 目标和M5 选品库"
    assert terms.softly("mine: yours") == "mine: yours"  # names of users' things stay

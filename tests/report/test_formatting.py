"""Numbers for people: units, decimals, signs."""

import pytest

from engine.measures.catalogue import RUN
from engine.measures.run_off import NET_PRESENT_VALUE, RUN_OFF_MEASURES
from engine.report.definitions import MEASURES
from engine.report.formatting import label, show, show_change, show_limits, unit
from engine.units import FEN_PER_BN_RMB as BN


@pytest.mark.parametrize(
    ("measure", "value", "half", "text"),
    [
        ("gmv_paid_fen", 252.34 * BN, 9.46 * BN, "252.3 ± 9.5"),
        ("gmv_paid_fen", 1234.5 * BN, None, "1,234.5"),
        ("subsidy_fen", 6.764 * BN, 0.27 * BN, "6.76 ± 0.27"),
        ("subsidy_fen", 0.0123 * BN, None, "0.012"),
        ("subsidy_fen", 0, 0, "0.0 ± 0.0"),
        ("cost_fen", -0.098 * BN, 0.004 * BN, "−0.098 ± 0.004"),
        ("gmv_paid_fen", 310 * BN, 0.03 * BN, "310.00 ± 0.03"),
        ("subsidy_fen", 2 * BN, 0.0001 * BN, "2.000 ± <0.001"),
        ("platform_contribution_fen", -31 * BN, 1.2 * BN, "−31.0 ± 1.2"),
        ("top10_share", 0.2775, 0.003, "27.8 ± 0.3%"),
        ("target_attained", 0.8, None, "80%"),
        ("budget_spent_share", 1.4836, None, "148%"),
        ("dau_change_share", 0.012, None, "+1.2%"),
        ("dau_change_share", -0.0001, None, "−0.010%"),
        ("dau_change_share", -0.0, None, "0.0%"),
        ("orders_count", 3_755_900_000, None, "3,755.9"),
        ("aov_fen", 6012.0, None, "60.1"),
        ("gini", 0.85, 0.001, "0.850 ± 0.001"),
        ("gmv_paid_fen", None, None, "–"),
    ],
)
def test_a_value_is_written_in_its_unit(
    measure: str, value: float | None, half: float | None, text: str
) -> None:
    assert show(measure, value, half) == text


def test_a_difference_has_a_sign_and_shares_differ_in_points() -> None:
    assert show_change("top10_share", 0.012, 0.003) == "+1.2 ± 0.3 pp"
    assert show_change("gmv_paid_fen", -2 * BN) == "−2.00"
    assert show_change("gini", None) == "–"


@pytest.mark.parametrize(
    ("measure", "value", "half", "text"),
    [
        ("dau_change_share", -0.00038, None, "−0.038 pp"),
        ("dau_change_share", 0.0004, 0.0002, "+0.040 ± 0.020 pp"),
        ("dau_change_share", -0.0004, 0.003, "−0.04 ± 0.30 pp"),
        ("dau_change_share", 0.03, 0.003, "+3.0 ± 0.3 pp"),
        ("dau_change_share", 0.0, 0.0, "0.0 ± 0.0 pp"),
        ("dau_change_share", -1e-18, None, "0.0 pp"),
        ("target_attained", 0.004, None, "+0.40 pp"),
        ("gmv_paid_fen", -0.00012 * BN, 0.00003 * BN, "−0.00012 ± 0.00003"),
        ("gini", 0.00021, 0.0, "+0.00021 ± 0.00000"),
    ],
)
def test_a_small_difference_keeps_its_sign_and_two_digits(
    measure: str, value: float, half: float | None, text: str
) -> None:
    assert show_change(measure, value, half) == text


def test_limits_have_as_many_decimals_each() -> None:
    assert show_limits("gmv_paid_fen", 6.849 * BN, 11.3 * BN) == "+6.8 … +11.3"
    assert show_limits("gmv_paid_fen", 0.02 * BN, 11.3 * BN) == "+0.02 … +11.30"
    assert show_limits("subsidy_fen", 9.99 * BN, 10.01 * BN) == "+9.99 … +10.01"
    assert show_limits("dau_change_share", -0.0004, 0.0001) == "−0.040 … +0.010"
    assert show_limits("target_attained", 0.0, 0.0) == "0 … 0"
    assert show_limits("gmv_paid_fen", None, None) == "–"


def test_units_and_names_are_known() -> None:
    assert [unit(name) for name in ("gmv_fen", "aov_fen", "gini")] == ["bn RMB", "RMB", ""]
    assert label("never_heard_of") == "never_heard_of"
    derived = {"incremental_gmv_paid_per_subsidy_rmb", *RUN_OFF_MEASURES, NET_PRESENT_VALUE.name}
    assert set(MEASURES) - derived <= set(RUN)


@pytest.mark.parametrize("measure", RUN)
def test_every_measure_of_a_year_has_a_name_and_a_definition(measure: str) -> None:
    assert label(measure) != measure
    assert MEASURES[measure].definition.endswith(".")


def test_no_two_measures_share_a_name() -> None:
    names = [measure.label for measure in MEASURES.values()]
    assert len(set(names)) == len(names)


def test_a_few_things_are_counted_as_they_are() -> None:
    assert show("new_heads_count", 3) == "3.00"
    assert unit("coupon_short_days_count") == ""
    assert unit("wall_s") == "s"

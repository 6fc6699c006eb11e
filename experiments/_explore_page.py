"""The page of `experiments.explore`: Streamlit runs this file anew at every touch of a slider."""

import sys
from pathlib import Path
from typing import Any, Final

import altair as alt
import streamlit as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from engine.errors import PoquanError
from engine.explore import Explorer, PointForecast
from engine.report.findings.factor_words import factor_words
from engine.report.formatting import label, scaled, show, show_change, unit
from engine.spec.levers import LeverEntry, levers_of
from engine.spec.optimize import OptimizeJob
from engine.spec.words import in_currency
from engine.stats.intervals import Interval
from experiments._found import USUAL
from experiments._sources import CONF

_SIDES: Final = ("A", "B")
_SALES, _COST = "gmv_paid_fen", "cost_fen"


@st.cache_resource(show_spinner="Learning from the trials of the search …")
def _explorer(folder: str) -> Explorer:
    return Explorer.open(Path(folder))


def page(folder: str) -> None:
    """Show two policies side by side, their forecasts, and the trials they are learnt from."""
    st.set_page_config(page_title="Poquan: explore", layout="wide")
    st.title("Two policies side by side")
    try:
        explorer = _explorer(folder)
    except PoquanError as error:
        st.error(str(error))
        return
    against = (
        "what is left less than under today’s policy with the same random numbers"
        if explorer.job.today is not None
        else "minus the contribution"
    )
    st.caption(
        f"Forecast from {len(explorer.points)} simulated policies of {Path(folder).name}; ± is the "
        "error of such forecasts of policies that were left out of the fit (root mean square). "
        "Skill says how much of what sets policies apart they foretell: 1 is all, 0 no more than "
        "the mean. Figures are means over the worlds of the search, all alike; net cost is "
        f"{against}."
    )
    columns = st.columns(2)
    found = {}
    for place, (side, column) in enumerate(zip(_SIDES, columns, strict=True)):
        with column:
            found[side] = _side(explorer, side, place)
    _differences(found, explorer.job.scenario.currency)
    _picture(explorer, found)


def _side(explorer: Explorer, side: str, place: int) -> dict[str, PointForecast]:
    """Show one policy's sliders, forecast and buttons; return the forecast."""
    st.header(f"Policy {side}")
    names = explorer.names()
    start = st.selectbox(
        "Start from",
        names,
        index=min(place, len(names) - 1),
        key=f"{side} start",
        format_func=explorer.title,
    )
    above = st.container()  # what moves stands over the sliders that move it
    point = dict(explorer.policies[start])
    known = levers_of(explorer.job.scenario.kinds)
    for lever, found in explorer.levers.items():
        entry, name = known[lever.partition("@")[0]], f"{side} {start} {lever}"
        point[lever] = _slider(name, entry, lever, found, point[lever])
    forecast = explorer.forecast(point)
    runs = st.session_state.setdefault("runs", {})
    key = (side, str(sorted(point.items())))
    _buttons(explorer, side, point, runs, key)
    above.table(_lines(forecast, runs.get(key, {}), explorer.job.scenario.currency))
    return forecast


def _slider(key: str, entry: LeverEntry, lever: str, found: BaseDistribution, value: Any) -> Any:
    path, _, day = lever.partition("@")
    since = f", from {day} on" if day else ""
    called = factor_words(path, entry.goods)
    name = f"{called[0].upper()}{called[1:]}{since} [{entry.unit}]"
    words = f"{entry.doc}{since} ({path})"
    if isinstance(found, CategoricalDistribution):
        return st.select_slider(name, list(found.choices), value, key=key, help=words)
    assert hasattr(found, "low")
    low, high = found.low, found.high  # type: ignore[attr-defined]
    if isinstance(found, IntDistribution):
        return st.slider(name, low, high, int(value), key=key, help=words)
    step = (high - low) / 200
    return st.slider(name, float(low), float(high), float(value), step, key=key, help=words)


def _buttons(
    explorer: Explorer, side: str, point: dict[str, Any], runs: dict[Any, Any], key: Any
) -> None:
    """Offer the real simulation, and the policy as a file."""
    replications = st.number_input("Replications", 1, 64, 2, key=f"{side} replications")
    worlds = len(explorer.job.ensemble.worlds)
    if st.button(f"Simulate {side}", key=f"{side} simulate"):
        with st.spinner(f"Simulating {worlds} worlds, {replications} replications each …"):
            runs[key] = explorer.simulate(point, f"explored_{side}", int(replications))
        st.rerun()
    name = st.text_input("Name", f"explored_{side}", key=f"{side} name")
    folder = st.text_input("Save in", "outputs/explore", key=f"{side} folder")
    if st.button(f"Save {side}", key=f"{side} save"):
        if not name.replace("_", "").replace("-", "").isalnum():
            st.error("A name has letters, digits, _ and - alone.")
            return
        path = explorer.save(point, name, Path(folder))
        st.success(f"Saved as {path}. Simulate it with:")
        st.code(f"python -m experiments.simulate {_as_asked(explorer.job, folder, name)}", "sh")


def _as_asked(job: OptimizeJob, folder: str, name: str) -> str:
    """Return the words by which a saved policy is in force as in the search, in its worlds.

    Where the scenario is none of this package's, MARKET stands for the config folder that holds it.
    """
    scenario = job.scenario.name
    place = f"--config-dir {folder}"
    if not (CONF / "scenario" / f"{scenario}.yaml").is_file():
        place = f"--config-dir MARKET 'hydra.searchpath=[file://{folder}]'"
    words: dict[str, Any] = {
        "policy": name,
        "scenario": None if scenario == USUAL["scenario"] else scenario,
    }
    words |= {"decision_date": job.decision_date, "ensemble": job.ensemble.name}
    if job.history is not None:
        words["policy@history"] = job.history.name
    told = [f"{key}={value}" for key, value in words.items() if value is not None]
    return " ".join([place, *told])


def _lines(
    forecast: dict[str, PointForecast], run: dict[str, Interval], currency: str
) -> list[dict[str, str]]:
    return [
        {
            "Measure": _named(measure, currency),
            "Forecast": show(measure, found.value, found.error),
            "Skill": f"{found.skill:.2f}",
            "Simulated": _simulated(measure, run.get(measure)),
        }
        for measure, found in forecast.items()
    ]


def _simulated(measure: str, found: Interval | None) -> str:
    if found is None:
        return "not yet"
    half = None if found.high is None or found.low is None else (found.high - found.low) / 2
    return show(measure, found.value, half)


def _differences(found: dict[str, dict[str, PointForecast]], currency: str) -> None:
    """Say what B is predicted to bring over A; errors of both add up as if independent."""
    st.header("B against A, predicted")
    a, b = (found[side] for side in _SIDES)
    rows = [
        {
            "Measure": _named(measure, currency),
            "Difference": show_change(
                measure, b[measure].value - a[measure].value, 2**0.5 * a[measure].error
            ),
        }
        for measure in a
    ]
    st.table(rows)


def _picture(explorer: Explorer, found: dict[str, dict[str, PointForecast]]) -> None:
    """Draw sales over net cost: the trials, and both policies with their errors."""
    trials = [
        {"sales": scaled(_SALES, float(y)), "cost": scaled(_COST, float(x)), "policy": "tried"}
        for y, x in zip(explorer.figures[_SALES], explorer.figures[_COST], strict=True)
    ]
    both = [
        {
            "sales": scaled(_SALES, own[_SALES].value),
            "low": scaled(_SALES, own[_SALES].value - own[_SALES].error),
            "high": scaled(_SALES, own[_SALES].value + own[_SALES].error),
            "cost": scaled(_COST, own[_COST].value),
            "policy": side,
        }
        for side, own in found.items()
    ]
    of = f"bn {explorer.job.scenario.currency}"
    x = alt.X("cost:Q", title=f"Net cost, {of}", scale=alt.Scale(zero=False))
    y = alt.Y("sales:Q", title=f"GMV as paid, {of}", scale=alt.Scale(zero=False))
    dots = alt.Chart(_data(trials)).mark_circle(color="#888", opacity=0.5)
    bars = alt.Chart(_data(both)).mark_rule().encode(x=x, y="low:Q", y2="high:Q")
    marks = alt.Chart(_data(both)).mark_text(fontSize=18, fontWeight="bold")
    layers = dots.encode(x=x, y=y) + bars + marks.encode(x=x, y=y, text="policy:N")
    st.altair_chart(layers, width="stretch")


def _data(rows: list[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _named(measure: str, currency: str) -> str:
    of = in_currency(unit(measure), currency)
    return label(measure) if of in {"", "%"} else f"{label(measure)}, {of}"


if __name__ == "__main__":
    page(sys.argv[-1])

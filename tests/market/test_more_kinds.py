"""A seventh category of goods and a sixth kind of supplier are data: a market with both runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import importlib.util, sys, types

origin = importlib.util.find_spec("engine.units").origin
text = open(origin, encoding="utf-8").read()
for old, new in (
    ('"phones")', '"phones", "toys")'),
    ('    _KindRoles("partner"', '    _KindRoles("importer", is_brand=True, joins_plan=True),\\n'
     '    _KindRoles("partner"'),
):
    assert text.count(old) == 1
    text = text.replace(old, new)
units = types.ModuleType("engine.units")
units.__file__ = origin
sys.modules["engine.units"] = units
exec(compile(text, origin, "exec"), units.__dict__)

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from engine.cases import cases
from engine.config import load
from engine.market.run import simulate
from engine.spec.jobs import SimulateJob
from tests.worlds import CONF


def with_more(node, above=""):
    '''Give the new words what phones and multinationals have; shares of all are split.'''
    if not isinstance(node, dict):
        return node
    found = {key: with_more(value, key) for key, value in node.items()}
    for old, new in (("phones", "toys"), ("multinational", "importer")):
        if old in found:
            split = isinstance(found[old], float) and abs(sum(found.values()) - 1) < 1e-9
            if split:
                found[old] /= 2
            if isinstance(found[old], dict) and "count_share" in found[old]:
                found[old]["count_share"] /= 2
            found[new] = found[old].copy() if isinstance(found[old], dict) else found[old]
    return found


with initialize_config_dir(str(CONF), version_base="1.3"):
    tree = compose("simulate", [
        "scale=smoke", "policy=double_ten_billion", "scale.buyers_count=150",
        "scale.anchors_count=120", "scale.suppliers_count=60", "replications=1",
        "scenario.calendar.end=2020-01-01",
    ])
plain = OmegaConf.to_container(tree, resolve=False)
job = load(OmegaConf.create(with_more(plain)), SimulateJob)
found = simulate(cases(job, [job.policy])[0])
assert found.segments["orders_count"].shape[1] == 6
assert found.run["orders_count"] > 0
assert "joined_importer_count" in found.daily
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_market_with_more_categories_and_kinds_runs(tmp_path: Path) -> None:
    """With a compile cache of its own: that of this checkout holds six categories, five kinds."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]

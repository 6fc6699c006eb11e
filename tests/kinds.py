"""The words of kuaishou_2020, for tests that stand below a job: its kinds, categories, levers."""

import yaml

from engine.spec.kinds import Kind
from engine.spec.levers import levers_of
from engine.units import SEGMENTS
from tests.worlds import CONF

_TREE = yaml.safe_load((CONF / "scenario" / "kuaishou_2020.yaml").read_text(encoding="utf-8"))

KINDS_IN_CONFIG = _TREE["kinds"]
ROLES = tuple(Kind.model_validate(kind) for kind in KINDS_IN_CONFIG)
KINDS = tuple(kind.name for kind in ROLES)
CATEGORIES = tuple(_TREE["categories"])
LEVERS = levers_of(ROLES)
SEGMENTS_SHAPE = (len(KINDS), *(len(words) for words in SEGMENTS.values() if words))

"""Keys of a slot's streams: made in one go, they are those that `key` makes one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.rng import Purpose, extend, key

numbers = st.integers(0, 500)


@given(seed=st.integers(0, 2**63 - 1), day=numbers, slot=numbers)
def test_extended_streams_are_keys(seed, day, slot):
    purposes = (Purpose.VISIT, Purpose.CHOICE)
    keys = np.zeros(2, np.uint64)
    extend(np.array([key(seed, purpose) for purpose in purposes]), np.array([day, slot]), keys)
    assert keys.tolist() == [int(key(seed, purpose, day, slot)) for purpose in purposes]

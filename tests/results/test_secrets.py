"""Passwords within addresses are shown nowhere, and are known to who opens the address."""

import pytest

from engine.secrets import MASK, hide, masked, reveal

SECRETS = [
    ("postgresql://mary:{}@host/db", "pass"),
    ("storage=postgresql://mary:{}@host:5432/db?sslmode=require", "p%2Fw"),
    ("storage=postgresql://mary:{}@host/db", "not/escaped@all,x"),
    ("postgresql://host/db?user=mary&password={}", "pass"),
    ("cannot reach 'postgresql+psycopg://mary:{}@host/db': refused", "pass"),
    ("s3://KEY:{}@bucket/run?endpoint_override=host:9000", "a+b/c"),
]


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POQUAN_HIDDEN", "{}")


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_password_is_masked_and_known_again(text: str, secret: str) -> None:
    full = text.format(secret)
    assert masked(full) == text.format(MASK)
    assert hide(full) == text.format(MASK)
    assert masked(masked(full)) == text.format(MASK)
    assert reveal(text.format(MASK)) == full


def test_each_of_several_addresses_keeps_its_own() -> None:
    full = "folder=[s3://a:one@b/c,s3://a:two@b/c/d,s3://e/f]"
    shown = hide(full)
    assert shown == "folder=[s3://a:***@b/c,s3://a:***@b/c/d,s3://e/f]"
    assert reveal(shown) == full
    tree = {"x": ["s3://a:one@b/c", 1], "y": {"z": "s3://a:two@b/c/d"}}
    assert reveal(hide(tree)) == tree


@pytest.mark.parametrize("text", [
    "ray://host:10001", "s3://bucket/run", "policy.name='a@b:c'", "sqlite:///a.db", "***",
])  # fmt: skip
def test_other_texts_stay(text: str) -> None:
    assert hide(text) == text
    assert reveal(text) == text

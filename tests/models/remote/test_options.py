"""What `[models.remote]` may say, and what is refused."""

from __future__ import annotations

import pytest

from mirada.errors import ConfigError
from mirada.models.remote.options import Options

HERE = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("url", "127.0.0.1:8000", "url .* must be an address such as"),
        ("url", "ftp://a/v1", "must be an address"),
        ("url", "http://a:99999/v1", "must be an address"),
        ("url", 8000, "must be an address"),
        ("concurrency", 0, "concurrency .* a whole number from 1 to 256, not 0"),
        ("concurrency", True, "a whole number"),
        ("timeout", "60", "timeout .* a number, not '60'"),
        ("timeout", 0, "from 0.01"),
        ("timeout", float("nan"), "a number"),
        ("retries", -1, "from 0 to 20"),
        ("retries", 2.5, "a whole number"),
        ("tokens", -5, "tokens"),
        ("side", 16, "side .* from 32 to 8192"),
        ("answers", "xml", "one of json_schema, json_object, text"),
        ("answer_tokens", 1, "answer_tokens"),
        ("parts", 0, "parts"),
        ("languages", (), "a list of 'en' and 'es'"),
        ("languages", "en", "a list"),
        ("languages", ("en", "fr"), "'fr'"),
        ("key_variable", 5, "the name of a variable"),
        ("dollars", -1, "dollars"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(option: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Options(**{"url": HERE, option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("price", ["input_price", "output_price"])
def test_a_budget_in_dollars_needs_both_prices(price: str) -> None:
    with pytest.raises(ConfigError, match="needs input_price and output_price"):
        Options(url=HERE, dollars=5.0, **{price: 2.0})  # type: ignore[arg-type]
    Options(url=HERE, dollars=5, input_price=2, output_price=10)


@pytest.mark.parametrize(
    "url", ["http://me:sk-123@a/v1", "http://a/v1?key=sk-123", "http://a/v1#sk-123"]
)
def test_a_key_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="key_variable") as refused:
        Options(url=url)
    assert "sk-123" not in str(refused.value)


def test_openai_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="set the environment variable OPENAI_API_KEY"):
        Options().key()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-123\n")
    assert Options().key() == "sk-123"


def test_other_servers_are_not_sent_the_key_for_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-123")
    assert Options(url=HERE).key() == ""
    assert Options(url=HERE, key_variable="OPENAI_API_KEY").key() == "sk-123"


def test_a_variable_that_is_named_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="variable MY_KEY"):
        Options(url=HERE, key_variable="MY_KEY").key()
    monkeypatch.setenv("MY_KEY", "schlüssel-geheim")
    with pytest.raises(ConfigError, match="cannot be a key") as refused:
        Options(url=HERE, key_variable="MY_KEY").key()
    assert "geheim" not in str(refused.value)

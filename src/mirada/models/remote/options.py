"""What a user may say of a remote model in `[models.remote]`, checked when it is read."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mirada.errors import ConfigError

OPENAI: Final = "https://api.openai.com/v1"
OPENAI_VARIABLE: Final = "OPENAI_API_KEY"
ANSWERS: Final = ("json_schema", "json_object", "text")
LANGUAGES: Final = ("en", "es")
TABLE: Final = "[models.remote] of mirada.toml"


@dataclass(frozen=True, slots=True)
class Options:
    """Where a remote model is, how often it may be asked, and what may be spent on it."""

    url: str = OPENAI
    key_variable: str = ""  # "": OPENAI_API_KEY for OpenAI itself, no key for anybody else
    concurrency: int = 4  # requests at once
    timeout: float = 60  # seconds that the server may be silent
    retries: int = 4  # of a request that got no answer
    dollars: float | None = None  # budget in all; None: no bound
    input_price: float | None = None  # dollars a million tokens
    output_price: float | None = None
    tokens: int | None = None  # budget in all; None: no bound
    side: int = 768  # pixels of the longer side that leave the machine
    answers: str = "json_schema"
    answer_tokens: int = 1000  # of one answer, thoughts included
    parts: int = 4  # pictures of parts in one request, at most
    languages: tuple[str, ...] = LANGUAGES

    def __post_init__(self) -> None:
        """Raise ConfigError for what cannot be meant."""
        _check_url(self.url)
        for name, least, most in _WHOLE:
            _whole(name, getattr(self, name), least, most)
        _number("timeout", self.timeout, 0.01, 86_400)
        for name in ("dollars", "input_price", "output_price"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), 0, 1e9)
        if self.tokens is not None:
            _whole("tokens", self.tokens, 0, 10**15)
        if self.dollars is not None and None in (self.input_price, self.output_price):
            raise ConfigError(
                f"a budget in dollars needs input_price and output_price beside it in {TABLE}"
            )
        if self.answers not in ANSWERS:
            raise _wrong("answers", self.answers, f"one of {', '.join(ANSWERS)}")
        _check_languages(self.languages)
        if not isinstance(self.key_variable, str):
            raise _wrong("key_variable", self.key_variable, "the name of a variable")

    @property
    def host(self) -> str:
        """Of the server, with its port where the url has one."""
        return urlsplit(self.url).netloc

    @property
    def is_openai(self) -> bool:
        """Whether the server is OpenAI's own."""
        return urlsplit(self.url).hostname == urlsplit(OPENAI).hostname

    @property
    def variable(self) -> str:
        """Name of the environment variable that holds the key; "" where none is sent."""
        return self.key_variable or (OPENAI_VARIABLE if self.is_openai else "")

    def key(self) -> str:
        """The key out of the environment; "" where none is sent.

        Raises:
            ConfigError: the variable is not set, or holds what cannot be a key.
        """
        if not self.variable:
            return ""
        key = os.environ.get(self.variable, "").strip()
        if not key:
            raise ConfigError(
                f"{self.host} needs a key: set the environment variable {self.variable} to it, or "
                f"name another one as key_variable in {TABLE}; the key itself belongs in no file"
            )
        if not key.isascii() or not key.isprintable():
            raise ConfigError(f"what {self.variable} holds cannot be a key: copy it there again")
        return key

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for these tokens; 0 where nobody told the prices."""
        parts = (input_tokens * (self.input_price or 0), output_tokens * (self.output_price or 0))
        return sum(parts) / 1_000_000


_WHOLE: Final = (
    ("concurrency", 1, 256),
    ("retries", 0, 20),
    ("side", 32, 8192),
    ("answer_tokens", 16, 1_000_000),
    ("parts", 1, 32),
)


def _check_url(url: object) -> None:
    kind = f"an address such as {OPENAI!r} or 'http://127.0.0.1:8000/v1'"
    if not isinstance(url, str):
        raise _wrong("url", url, kind)
    try:
        told = urlsplit(url)
        usable = told.scheme in ("http", "https") and bool(told.hostname) and told.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise _wrong("url", url, kind)
    if told.username is not None or told.query or told.fragment:  # what stands there may be secret
        raise ConfigError(
            f"url in {TABLE} must hold no user, password or query: a key belongs in the "
            "environment variable that key_variable names"
        )


def _check_languages(languages: object) -> None:
    told = isinstance(languages, (list, tuple)) and bool(languages)
    if not told or not set(languages) <= set(LANGUAGES):  # type: ignore[call-overload]
        raise _wrong("languages", languages, f"a list of {' and '.join(map(repr, LANGUAGES))}")


def _whole(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(name, value, f"a whole number from {least} to {most}")


def _number(name: str, value: object, least: float, most: float) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(name, value, "a number")
    if not least <= value <= most:
        raise _wrong(name, value, f"a number from {least:g} to {most:g}")


def _wrong(name: str, value: object, wanted: str) -> ConfigError:
    return ConfigError(f"{name} in {TABLE} must be {wanted}, not {value!r}")

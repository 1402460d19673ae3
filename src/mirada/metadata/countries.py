"""Names of countries in English and Spanish (Unicode CLDR, see countries.NOTICE)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _table() -> tuple[tuple[str, str, str], ...]:
    """Code of ISO 3166, English name, Spanish name."""
    text = files("mirada.metadata").joinpath("countries.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return tuple((code, english, spanish) for code, english, spanish in rows)


@cache
def _english() -> dict[str, str]:
    return {code: english for code, english, _ in _table()}


@cache
def _spanish() -> dict[str, str]:
    return {english.casefold(): spanish for _, english, spanish in _table()}


def country_name(code: str) -> str | None:
    """The English name of a two-letter code."""
    return _english().get(code.upper())


def in_spanish(country: str) -> str | None:
    """The Spanish name of a country, given its English one."""
    return _spanish().get(country.casefold())

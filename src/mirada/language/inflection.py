"""Which base forms a word may have by the rules of its language; the lexicon decides among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Rules = tuple[tuple[str, str], ...]

_ENGLISH_NOUN: Rules = (
    ("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zzes", "zz"),
    ("ves", "f"), ("ves", "fe"), ("oes", "o"), ("men", "man"), ("ss", "ss"), ("us", "us"),
    ("is", "is"), ("s", ""),
)  # fmt: skip
_ENGLISH_VERB: Rules = (("ies", "y"), ("es", ""), ("es", "e"), ("ss", "ss"), ("s", ""))
_ENGLISH_PAST: Rules = (("ied", "y"), ("ed", ""), ("ed", "e"))
_ENGLISH_GERUND: Rules = (("ying", "ie"), ("ing", ""), ("ing", "e"))
_ENGLISH_ADJECTIVE: Rules = (
    ("ier", "y"), ("iest", "y"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"),
)  # fmt: skip
_SPANISH_NOUN: Rules = (
    ("iones", "ión"), ("ones", "ón"), ("anes", "án"), ("ines", "ín"), ("eses", "és"),
    ("uses", "ús"), ("ces", "z"), ("les", "l"), ("res", "r"), ("des", "d"), ("nes", "n"),
    ("yes", "y"), ("jes", "j"), ("ís", "í"), ("ses", "s"), ("s", ""),
)  # fmt: skip
_SPANISH_ADJECTIVE: Rules = (
    ("oras", "or"), ("ora", "or"), ("onas", "ón"), ("ona", "ón"), ("esas", "és"), ("esa", "és"),
    ("as", "o"), ("os", "o"), ("a", "o"), *_SPANISH_NOUN,
)  # fmt: skip
_SPANISH_VERB: Rules = (
    ("a", "ar"), ("an", "ar"), ("e", "er"), ("e", "ir"), ("en", "er"), ("en", "ir"),
    ("aba", "ar"), ("aban", "ar"), ("ía", "er"), ("ía", "ir"), ("ían", "er"), ("ían", "ir"),
    ("ó", "ar"), ("aron", "ar"), ("ió", "er"), ("ió", "ir"), ("ieron", "er"), ("ieron", "ir"),
    ("o", "ar"), ("o", "er"), ("o", "ir"), ("e", "ar"), ("en", "ar"), ("a", "er"), ("a", "ir"),
    ("an", "er"), ("an", "ir"),
)  # fmt: skip
_SPANISH_GERUND: Rules = (("ando", "ar"), ("yendo", "er"), ("iendo", "er"), ("iendo", "ir"))
_SPANISH_PARTICIPLE: Rules = tuple(
    (start + end, verb)
    for end in ("o", "a", "os", "as")
    for start, verb in (("ad", "ar"), ("id", "ir"), ("id", "er"), ("íd", "er"))
)
_SPANISH_CLITICS: Final = ("lo", "la", "los", "las", "le", "les", "se", "me", "te", "nos")
_UNACCENTED: Final = str.maketrans("áéíóú", "aeiou")

RULES: Final[Mapping[str, Mapping[str, Rules]]] = {
    "en": {
        "N": _ENGLISH_NOUN,
        "V": (*_ENGLISH_VERB, *_ENGLISH_PAST),
        "G": _ENGLISH_GERUND,
        "P": _ENGLISH_PAST,
        "A": _ENGLISH_ADJECTIVE,
    },
    "es": {
        "N": _SPANISH_NOUN,
        "V": _SPANISH_VERB,
        "G": _SPANISH_GERUND,
        "P": _SPANISH_PARTICIPLE,
        "A": _SPANISH_ADJECTIVE,
    },
}
"""Language -> part of speech (as in `mirada.language.lexicon`) -> ending and what replaces it."""

_SHORTEST_STEM = 2


def base_forms(form: str, part: str, language: str) -> list[str]:
    """Possible base forms by rule, likeliest first, without the form itself unless a rule says so.

    >>> base_forms("running", "G", "en")
    ['run', 'runn', 'runne']
    """
    found: list[str] = []
    for stem in _stems(form, part, language):
        for ending, other in RULES[language].get(part, ()):
            if stem.endswith(ending) and len(stem) - len(ending) >= _SHORTEST_STEM:
                base = stem[: len(stem) - len(ending)] + other
                if not other and part in "VGP" and _is_doubled(base):
                    found.append(base[:-1])
                found.append(base)
    return list(dict.fromkeys(found))


def _stems(form: str, part: str, language: str) -> list[str]:
    """The form, and without its pronoun where it is a Spanish gerund: "mirándolo"."""
    if language != "es" or part != "G":
        return [form]
    for clitic in _SPANISH_CLITICS:
        if form.endswith(f"ndo{clitic}"):
            return [form.removesuffix(clitic).translate(_UNACCENTED)]
    return [form]


def _is_doubled(stem: str) -> bool:
    return len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiouls"

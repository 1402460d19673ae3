"""Texts without case, accents and punctuation, so that filters find them however they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence


def fold(texts: pa.Array | Sequence[Any]) -> pa.Array:
    """Texts in lower case without accents."""
    texts = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    lower = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKD"))
    return pc.replace_substring_regex(lower, pattern=r"\p{Mn}+", replacement="")


def words(folded: pa.Array) -> pa.Array:
    """Folded texts as words with a blank before, between and after them."""
    plain = pc.replace_substring_regex(folded, pattern=r"[\pP\pZ\pC\s]+", replacement=" ")
    trimmed = pc.utf8_trim_whitespace(plain)
    return pc.binary_join_element_wise(" ", trimmed, " ", "")

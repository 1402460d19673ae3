"""Options of a model that decide what it says stand in its name, as a few digits."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS = 6


def marked(name: str, chosen: Mapping[str, object], usual: Mapping[str, object]) -> str:
    """The name, with "+" and six digits where options are not the usual ones.

    Args:
        name: with the revision of the model.
        chosen: option -> value, of all that change answers; others must not make a model another.
        usual: the same, as it is where the user chooses nothing.
    """
    differ = {key: value for key, value in chosen.items() if value != usual.get(key)}
    if not differ:
        return name
    told = json.dumps(differ, sort_keys=True).encode()
    return f"{name}+{sha256(told).hexdigest()[:DIGITS]}"

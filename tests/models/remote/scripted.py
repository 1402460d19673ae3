"""What a server of good will says to any prompt of mirada's, without a model behind it."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.models.remote.endpoint import completion

if TYPE_CHECKING:
    from tests.models.remote.endpoint import Heard, Said

CODES = {"English": "en", "Spanish": "es"}


def willing(heard: Heard) -> Said:
    """An answer of use: made of digests of what was sent, so that it depends on that alone."""
    *images, _ = heard.body["messages"][0]["content"]
    marks = [sha256(one["image_url"]["url"].encode()).hexdigest()[:6] for one in images]
    return completion(json.dumps(_said(heard.prompt, marks)))


def _said(prompt: str, marks: list[str]) -> Any:
    if '"checks"' in prompt:
        listed = re.findall(r'(?m)^(\d+)\. (".*")$', prompt)
        return {"checks": [{"number": int(n), "confidence": _chance(said)} for n, said in listed]}
    if '"tags"' in prompt:
        return {"tags": [{"name": marks[0], "confidence": 0.75}]}
    found = re.findall(r"(\d+) (?:caption|phrase)s? in (English|Spanish)", prompt)
    return {
        "pictures": [
            {CODES[name]: [f"{mark} {n}" for n in range(int(count))] for count, name in found}
            for mark in marks
        ]
    }


def _chance(text: str) -> float:
    return int(sha256(text.encode()).hexdigest()[:4], 16) / 0xFFFF

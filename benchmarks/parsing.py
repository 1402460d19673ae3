"""Parsing a query against the language analysis alone, which finds lemmas and parts of speech."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from mirada.language.analysis import analyse
from mirada.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 50
QUERIES = (
    "a hen",
    "sunset on a beach",
    "a red tractor on the left and a goat next to a farmer, no fences",
    "two white geese in front of a barn in the bottom right corner, before 2020",
    "a lamp on a table next to a window",
    "vertical photos of a lighthouse taken in Lisbon in May 2022",
    "tag:holiday a boat on a lake with mountains in the background -people",
    "un burro a la izquierda de un carro rojo",
    "dos gallinas debajo de una mesa, sin gente, entre 2015 y 2017",
    "foto en blanco y negro de una mujer con paraguas",
)


def main() -> None:
    """Print the median of both for a query, and the median ratio of pairs taken in turn."""
    for query in QUERIES:  # read the lexicons
        parse(query)
    pairs = [
        (milliseconds(parse, query), milliseconds(analyse, query))
        for _ in range(ROUNDS)
        for query in QUERIES
    ]
    ratios = sorted(whole / alone for whole, alone in pairs)
    low, high = ratios[len(ratios) // 20], ratios[-len(ratios) // 20]
    print(
        f"  parse {median(a for a, _ in pairs):.2f} ms a query, "
        f"language analysis alone {median(b for _, b in pairs):.3f} ms, "
        f"ratio {median(ratios):.1f} [{low:.1f}-{high:.1f}]"
    )


def milliseconds(read: Callable[[str], object], query: str) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    read(query)
    return 1000 * (time.perf_counter() - started)

"""Run all benchmarks, or those named: `python -m benchmarks [NAME]...`.

indexing, describing, encoders, memory, startup, latency, parsing, precise.
"""

from __future__ import annotations

import platform
import sys

from benchmarks import describing, encoders, indexing, latency, memory, parsing, precise, startup
from mirada.indexing.indexer import available_cores

BENCHMARKS = {
    "indexing": indexing.main,
    "describing": describing.main,
    "encoders": encoders.main,
    "memory": memory.main,
    "startup": startup.main,
    "latency": latency.main,
    "parsing": parsing.main,
    "precise": precise.main,
}


def main() -> None:
    """Run what the command line names; all without a name."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"unknown benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}")
    print(f"Python {platform.python_version()}, {available_cores()} cores, {platform.machine()}")
    for name in names:
        print(f"\n{name}")
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()

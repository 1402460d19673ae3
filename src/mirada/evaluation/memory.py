"""How much memory this process took."""

from __future__ import annotations

import sys


def peak_memory() -> int | None:
    """The most bytes that were resident at once since the process began; None on Windows."""
    if sys.platform == "win32":
        return None
    from resource import RUSAGE_SELF, getrusage  # noqa: PLC0415 not on Windows

    peak = getrusage(RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # elsewhere in KiB

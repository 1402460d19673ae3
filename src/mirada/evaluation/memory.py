"""How much memory this process takes."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

CLEAR: Final = Path("/proc/self/clear_refs")
STATUS: Final = Path("/proc/self/status")
FORGET_PEAK: Final = "5"  # proc(5)


def peak_memory() -> int | None:
    """The most bytes that were resident at once since the process began; None on Windows."""
    if sys.platform == "win32":
        return None
    from resource import RUSAGE_SELF, getrusage  # noqa: PLC0415 not on Windows

    peak = getrusage(RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # elsewhere in KiB


class PeakMemory:
    """The most memory that this process holds from here on; told on Linux alone."""

    def __init__(self) -> None:
        gc.collect()
        self._since_start = True
        with suppress(OSError):
            CLEAR.write_text(FORGET_PEAK)
            self._since_start = False

    def read(self) -> int | None:
        """Bytes; None where the system does not tell, or tells only of the whole run."""
        if sys.platform != "linux" or self._since_start:
            return None
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return None

"""What computing costs: peak memory and room on the disk."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

CLEAR: Final = Path("/proc/self/clear_refs")
STATUS: Final = Path("/proc/self/status")
FORGET_PEAK: Final = "5"  # proc(5)


class PeakMemory:
    """The most memory that this process holds from here on."""

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


def bytes_in(folder: Path) -> int:
    """Of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

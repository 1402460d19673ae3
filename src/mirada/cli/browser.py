"""Opens pages in the browser, where there is a screen to show one."""

from __future__ import annotations

import os
import sys
import webbrowser


def opened(address: str) -> bool:
    """Whether a browser took the page; none is asked where there is no screen to show it."""
    screen = sys.platform in {"darwin", "win32"} or {"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ}
    return bool(screen) and webbrowser.open(address)

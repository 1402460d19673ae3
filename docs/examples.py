"""Run the searches shown on a page again: `python docs/examples.py docs/queries.md [PHOTOS]`.

Every block that starts with `$ mirada search` or `$ mirada similar` gets what it prints now,
in the folder of the demo photos or in PHOTOS: run `make demo` first.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

PHOTOS = Path(__file__).parent.parent / "demo" / "photos"
BLOCK = re.compile(r"```\n\$ mirada ((?:search|similar) [^\n]*)\n.*?\n```", re.DOTALL)


def main(page: Path, photos: Path) -> None:
    """Write the page anew."""
    text = page.read_text(encoding="utf-8")
    shown = BLOCK.sub(lambda block: _block(block[1], photos), text)
    page.write_text(shown, encoding="utf-8")


def _block(arguments: str, photos: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mirada", *shlex.split(arguments)],
        cwd=photos,
        check=True,
        text=True,
        capture_output=True,
    )
    return f"```\n$ mirada {arguments}\n{done.stdout}{done.stderr.rstrip()}\n```"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else PHOTOS)

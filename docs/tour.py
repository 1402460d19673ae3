"""Draw docs/tour.svg and print the tour of the README: `python docs/tour.py` after `make demo`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

REPOSITORY = Path(__file__).parent.parent
PHOTOS = REPOSITORY / "demo" / "photos"
WIDTH = 84  # characters


def main() -> None:
    """Run the tour on the demo photos; its text goes to stdout, its picture to docs/tour.svg."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    queries = (REPOSITORY / "demo" / "queries.txt").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as home:
        steps = [["index", "."], *(["search", query, "-n", "3"] for query in queries)]
        for arguments in steps:
            shown = " ".join(f'"{part}"' if " " in part else part for part in arguments)
            say(console, f"$ mirada {shown}", "bold green")
            for line in run([*arguments, "--home", home]):
                say(console, line, "bold" if line.startswith("   1") else "")
            say(console, "", "")
    svg = console.export_svg(title="mirada", clear=False)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # no fonts from elsewhere
    (REPOSITORY / "docs" / "tour.svg").write_text(svg, encoding="utf-8")


def say(console: Console, line: str, style: str) -> None:
    """One line on the picture and on stdout."""
    console.print(Text(line, style=style))
    print(line)


def run(arguments: list[str]) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "mirada", *arguments],
        cwd=PHOTOS,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()

"""One ExifTool process that answers many times (its option -stay_open).

Our own few lines and no wrapper package: the one there is forks the process by hand, which is not
safe beside the threads of the store.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

PROGRAM = "exiftool"
_READY = "{ready}"


class ExifTool:
    """To be used in a `with` statement.

    Raises:
        ModelUnavailable: the program is not installed.
    """

    def __init__(self) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise ModelUnavailable(
                "--embed needs the program ExifTool: install it from https://exiftool.org, or "
                "with apt install libimage-exiftool-perl or brew install exiftool; "
                "sidecars, without --embed, need no program"
            )
        own_settings_only = ("-config", "")
        self._process = subprocess.Popen(
            [program, *own_settings_only, "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def __enter__(self) -> ExifTool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, which an error may have left in the middle of an answer."""
        if error is not None:
            self._process.kill()
        with self._process as process:
            if process.stdin is not None and error is None:
                process.stdin.write("-stay_open\nFalse\n")

    def run(self, arguments: Sequence[str]) -> str:
        """What the program says to these arguments, none of which may hold a line break.

        Raises:
            OSError: it died.
        """
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise OSError("ExifTool has no pipes")
        questions.write("\n".join((*arguments, "-execute\n")))
        questions.flush()
        said: list[str] = []
        for line in answers:
            if line.rstrip() == _READY:
                return "".join(said)
            said.append(line)
        raise OSError("ExifTool ended before its answer")

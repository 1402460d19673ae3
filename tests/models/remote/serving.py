"""Makes the tiny checkpoint and serves it by `transformers serve`, the real thing.

`python -m tests.models.remote.serving FOLDER PORT`; in one process, so that torch is loaded once.
It ends with its standard input, so that it never outlives the tests.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Thread

import torch


def main() -> None:
    """Make it, then serve until killed."""
    Thread(target=_end_with_input, daemon=True).start()
    torch.set_num_threads(1)
    from tests.models.remote.tiny_vision import tiny_vision

    folder, port = Path(sys.argv[1]), sys.argv[2]
    if not folder.exists():
        tiny_vision(folder)
    from transformers.cli.transformers import main as transformers

    sys.argv = ["transformers", "serve", str(folder), "--host", "127.0.0.1", "--port", port]
    transformers()


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()

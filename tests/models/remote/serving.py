"""Makes the tiny checkpoint and serves it by `transformers serve`, the real thing.

`python -m tests.models.remote.serving FOLDER PORT`; in one process, so that torch is loaded once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch


def main() -> None:
    """Make it, then serve until killed."""
    torch.set_num_threads(1)
    sys.modules["torchvision"] = None  # type: ignore[assignment] # one for graphics cards may lie
    # about that cannot read pictures here; without any, transformers takes Pillow
    from tests.models.remote.tiny_vision import tiny_vision

    folder, port = Path(sys.argv[1]), sys.argv[2]
    if not folder.exists():
        tiny_vision(folder)
    from transformers.cli.transformers import main as transformers

    sys.argv = ["transformers", "serve", str(folder), "--host", "127.0.0.1", "--port", port]
    transformers()


if __name__ == "__main__":
    main()

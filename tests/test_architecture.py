"""Imports point inward, and the heavy ones wait until they are needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mirada

SOURCE = Path(mirada.__file__).parent
LAYERS = {  # package or module -> what it must never import
    "errors": {"types", "protocols", "indexing", "store", "search", "models", "cli", "collection"},
    "paths": {"types", "protocols", "indexing", "store", "search", "models", "cli", "collection"},
    "config": {"indexing", "store", "search", "models", "training", "cli", "collection"},
    "plugins": {"indexing", "store", "search", "models", "training", "cli", "collection"},
    "testing": {"indexing", "search", "models", "training", "evaluation", "cli", "collection"},
    "types": {"protocols", "indexing", "store", "search", "models", "cli", "collection"},
    "protocols": {"indexing", "store", "search", "models", "cli", "collection"},
    "store": {"indexing", "search", "models", "training", "evaluation", "cli", "collection"},
    "indexing": {"store", "search", "models", "training", "evaluation", "cli", "collection"},
    "models": {"store", "search", "training", "evaluation", "cli", "collection"},
    "search": {"store", "models", "training", "evaluation", "cli", "collection"},
    "show": {"store", "search", "models", "training", "evaluation", "cli", "collection"},
    "language": {
        *("protocols", "indexing", "store", "search", "models", "metadata", "tagging", "show"),
        *("vocabulary", "training", "evaluation", "cli", "collection"),
    },
    "metadata": {
        *("protocols", "indexing", "store", "search", "models", "language", "tagging"),
        *("training", "evaluation", "cli", "collection"),
    },
    "vocabulary": {
        *("indexing", "store", "search", "models", "metadata", "tagging", "show"),
        *("training", "evaluation", "cli", "collection"),
    },
    "tagging": {"store", "search", "models", "training", "evaluation", "cli", "collection"},
    "training": {"store", "cli", "collection"},
    "evaluation": {"store", "training", "judging", "cli", "collection"},
    "judging": {"store", "search", "models", "training", "evaluation", "cli", "collection"},
    "experiments": {"cli"},
    "collection": {"experiments", "cli"},
}


def imports_of(path: Path) -> set[str]:
    """Modules of mirada that a file imports, without the leading name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name.removeprefix("mirada.") for name in found if name.startswith("mirada.")}


@pytest.mark.parametrize("package", LAYERS)
def test_imports_point_inward(package: str) -> None:
    files = [SOURCE / f"{package}.py", *(SOURCE / package).glob("**/*.py")]
    for path in filter(Path.exists, files):
        for name in imports_of(path):
            assert name.split(".")[0] not in LAYERS[package], f"{path.name} imports {name}"


@pytest.mark.parametrize("package", ["search", "show"])
def test_what_shows_pictures_takes_nothing_of_indexing_but_the_decoder(package: str) -> None:
    for path in (SOURCE / package).glob("*.py"):
        taken = {name for name in imports_of(path) if name.startswith("indexing")}
        assert all(name.startswith("indexing.images") for name in taken)


def test_importing_mirada_loads_no_heavy_library() -> None:
    heavy = ["lance", "onnxruntime", "pyarrow", "rich", "PIL", "torch", "tokenizers"]
    script = f"import sys, mirada, mirada.cli; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_exported_names_are_these() -> None:
    assert mirada.__all__ == ["Collection", "Hit", "ImageRecord", "MiradaError", "Results", "open"]
    assert all(hasattr(mirada, name) for name in mirada.__all__)

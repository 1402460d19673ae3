"""A library that is missing is named, with the extra that brings it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mirada.errors import ModelUnavailable
from mirada.models.extras import extra_needed

PLUGINS = {
    "hub.encoders:HubEncoder": "hub",
    "hub.captioners:HubCaptioner": "hub",
    "hub.rerankers:HubReranker": "hub",
    "hub.segmenters:HubSegmenter": "hub",
    "hub.detectors:HubDetector": "hub",
    "open_clip:OpenClipEncoder": "open-clip",
}
SCRIPT = """
import sys
from importlib import import_module
from mirada.errors import ModelUnavailable
sys.modules["torch"] = None
for plugin in sys.argv[1:]:
    module, _, name = plugin.partition(":")
    try:
        getattr(import_module(f"mirada.models.{module}"), name)("org/name")
    except ModelUnavailable as error:
        print(error)
"""


def test_every_plugin_names_its_extra_and_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *PLUGINS], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(PLUGINS)
    for line, extra in zip(lines, PLUGINS.values(), strict=True):
        assert line.startswith(f"{extra} needs the extra: pip install 'mirada[{extra}]' (")
        assert "torch" in line


def test_another_library_that_is_missing_is_named() -> None:
    told = pytest.raises(
        ModelUnavailable, match=r"mirada\[hub\]' \(No module named 'safetensors'\)"
    )
    with told, extra_needed("hub"):
        raise ModuleNotFoundError("No module named 'safetensors'")


def test_a_torchvision_for_another_torch_is_told() -> None:
    told = pytest.raises(ModelUnavailable, match="nms does not exist.*torch and torchvision of one")
    with told, extra_needed("open-clip"):
        raise RuntimeError("operator torchvision::nms does not exist")

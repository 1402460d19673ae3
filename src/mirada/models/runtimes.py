"""Runs one exported graph, by ONNX Runtime or OpenVINO; neither is loaded before it is asked."""

from __future__ import annotations

import os
from threading import local
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ONNX = "onnx"
OPENVINO = "openvino"
SUFFIXES = {ONNX: ".onnx", OPENVINO: ".xml"}
"""Format -> how the name of a graph ends."""


class Graph(Protocol):
    """A graph of one input and one output; safe to share between threads."""

    def __call__(self, given: NDArray[Any]) -> NDArray[np.float32]:
        """What it makes of its input."""
        ...


def open_graph(path: Path, form: str, threads: int) -> Graph:
    """The graph in a file.

    Args:
        path: of the graph.
        form: ONNX or OPENVINO.
        threads: that one call may use; 0: as many as the runtime thinks fit.

    Raises:
        ModelUnavailable: the runtime is missing, or the graph cannot be read.
    """
    try:
        return _OPENERS[form](path, threads)
    except ImportError as error:
        raise ModelUnavailable(f"{path} needs the extra: pip install 'mirada[{form}]'") from error
    except (RuntimeError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelUnavailable(f"{path} cannot be read ({first}): export it again") from error


class _OnnxGraph:
    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 0.1 s

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # its own classes, which derive from nothing else
            raise ValueError(str(error)) from error
        (self._input,) = (one.name for one in self._session.get_inputs())

    def __call__(self, given: NDArray[Any]) -> NDArray[np.float32]:
        (made,) = self._session.run(None, {self._input: given})
        return np.asarray(made, np.float32)


class _OpenvinoGraph:
    def __init__(self, path: Path, threads: int) -> None:
        import openvino  # noqa: PLC0415 an extra

        cores = os.cpu_count() or 1
        each = threads or cores
        settings = {
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": max(1, cores // each),  # calls at a time: callers bring the threads
            "INFERENCE_PRECISION_HINT": "f32",  # it would take bfloat16 where a CPU has it
        }
        self._model = openvino.Core().compile_model(str(path), "CPU", settings)
        self._of_thread = local()  # a request serves one call at a time

    def __call__(self, given: NDArray[Any]) -> NDArray[np.float32]:
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        made = self._of_thread.request.infer([given])
        return np.array(next(iter(made.values())), np.float32)


_OPENERS: dict[str, Callable[[Path, int], Graph]] = {ONNX: _OnnxGraph, OPENVINO: _OpenvinoGraph}

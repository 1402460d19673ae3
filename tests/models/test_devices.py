"""Where models are computed, and how too little memory is told."""

from __future__ import annotations

import pytest

from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.memory import enough_memory

torch = pytest.importorskip("torch")

from mirada.models.devices import choose_device, memory_told, place_model  # noqa: E402


@pytest.mark.parametrize(
    "told",
    [
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes",
        "MPS backend out of memory (MPS allocated: 17 GB). Tried to allocate 2 GB on private pool",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    ],
)
def test_every_way_in_which_torch_says_that_memory_is_short_is_a_memory_error(told: str) -> None:
    with pytest.raises(MemoryError, match=r"(?i)alloc"), memory_told():
        raise RuntimeError(told)


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes") as caught, memory_told():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert caught.type is RuntimeError


def test_a_model_too_large_for_its_device_is_told() -> None:
    class Large(torch.nn.Module):  # type: ignore[misc]
        def to(self, **_: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    told = pytest.raises(ModelUnavailable, match="memory for org/large: set precision")
    with told, enough_memory("org/large"):
        place_model(Large(), "cpu", None)


def test_a_batch_size_that_may_be_smaller_is_named() -> None:
    told = pytest.raises(ModelUnavailable, match="a batch_size below 64, precision")
    with told, enough_memory("sam", batch_size=64):
        raise MemoryError


def test_one_of_several_cards_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    assert choose_device("cuda") == torch.device("cuda")
    with pytest.raises(ConfigError, match="no cuda:2 device here"):
        choose_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no cuda:1 device here"):
        choose_device("cuda:1")


@pytest.mark.parametrize("wrong", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1", "mps:0", "auto:1"])
def test_devices_that_cannot_be_are_told(wrong: str) -> None:
    with pytest.raises(ConfigError, match="is not one of auto, cpu, cuda, cuda:1, mps"):
        choose_device(wrong)


def test_precision_is_as_asked_else_of_the_environment_else_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def kind(precision: str | None) -> object:
        return place_model(torch.nn.Linear(1, 1), "cpu", precision, default="float16").weight.dtype

    assert kind(None) == torch.float16
    monkeypatch.setenv("MIRADA_PRECISION", "bfloat16")
    assert kind(None) == torch.bfloat16
    assert kind("float32") == torch.float32

"""Read the arrays of a PyTorch state dict: as data, never as a pickle that runs code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

_INSIDE = ("state_dict", "model_state_dict", "model")  # where training scripts put a state dict in a checkpoint
_PREFIX = "module."  # of torch.nn.DataParallel


@runtime_checkable
class _Tensor(Protocol):
    """The part of a torch.Tensor that is used here."""

    dtype: object

    def numel(self) -> int: ...
    def element_size(self) -> int: ...
    def float(self) -> _Tensor: ...
    def detach(self) -> _Tensor: ...
    def numpy(self) -> np.ndarray: ...


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a .pt or .pth file by their names.

    Args:
        path: The file: a state dict, or a checkpoint that holds one.

    Raises:
        ValueError: PyTorch is missing, or the file holds anything but tensors and plain data, or tensors larger than itself.
    """
    try:
        import torch
    except ImportError:
        raise ValueError(
            "PyTorch reads it and is not installed: pip install torch, or save the state dict as .safetensors where it is"
        ) from None
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    tensors = dict(_tensors(loaded))
    if not tensors:
        raise ValueError("it holds no tensors by name; save model.state_dict()")
    if sum(each.numel() * each.element_size() for each in tensors.values()) > path.stat().st_size:
        raise ValueError("its tensors are larger than the file")
    return {
        name: (each.float() if each.dtype == torch.bfloat16 else each).detach().numpy()
        for name, each in tensors.items()
    }


def _tensors(loaded: object) -> Iterator[tuple[str, _Tensor]]:
    if not isinstance(loaded, Mapping):
        return
    inside = next((loaded[name] for name in _INSIDE if isinstance(loaded.get(name), Mapping)), loaded)
    for name, value in inside.items():
        if isinstance(name, str) and isinstance(value, _Tensor):
            yield name.removeprefix(_PREFIX), value

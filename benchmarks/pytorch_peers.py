"""The networks of the benchmarks written by hand in PyTorch, with the same layers as ours, and their training step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CHANNELS_LAST = torch.channels_last


class ResNet20(nn.Module):
    """ResNet-20 of He et al. 2015, with parameter-free shortcuts."""

    def __init__(self):
        super().__init__()
        self.entry, self.blocks, channels = _convolution(3, 16), nn.ModuleList(), 16
        for filters in (16, 32, 64):
            for _ in range(3):
                strides = 2 if filters > channels else 1
                self.blocks.append(
                    nn.Sequential(_convolution(channels, filters, strides), nn.ReLU(), _convolution(filters, filters))
                )
                channels = filters
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.entry(x))
        for block in self.blocks:
            main, shortcut = block(x), x
            if main.shape != x.shape:
                filters = x.shape[1]
                shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, filters // 2, filters // 2))
            x = F.relu(main + shortcut)
        return self.head(x.mean((2, 3)))


class Res8(nn.Module):
    """res8 of Tang & Lin 2018: ReLU before a norm without scale and shift."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(1 if i == 0 else 45, 45, 3, padding=1, bias=False) for i in range(7)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(45, affine=False) for _ in range(6))
        self.head = nn.Linear(45, 12)

    def forward(self, x):
        x = F.avg_pool2d(F.relu(self.convolutions[0](x)), (4, 3))
        norms = iter(self.norms)
        for i in range(3):
            main = x if i == 0 else next(norms)(x)
            main = next(norms)(F.relu(self.convolutions[1 + 2 * i](main)))
            x = x + F.relu(self.convolutions[2 + 2 * i](main))
        return self.head(next(norms)(x).mean((2, 3)))


class M5(nn.Module):
    """M5 of Dai et al. 2017, table 1."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 1
        for filters, size, stride in ((128, 80, 4), (128, 3, 1), (256, 3, 1), (512, 3, 1)):
            padding = 38 if size == 80 else 1
            convolution = nn.Conv1d(channels, filters, size, stride, padding=padding, bias=False)
            layers += [convolution, nn.BatchNorm1d(filters), nn.ReLU(), nn.MaxPool1d(4)]
            channels = filters
        self.body, self.head = nn.Sequential(*layers), nn.Linear(512, 10)

    def forward(self, x):
        return self.head(self.body(x).mean(2))


class TextCNN(nn.Module):
    """TextCNN of Kim 2014; padding is a word like any other.

    The rows of the last layer have norm 3 at most, like Keras's MaxNorm.
    """

    def __init__(self, words: int, dims: int):
        super().__init__()
        self.embedding = nn.Embedding(words, dims)
        self.convolutions = nn.ModuleList(nn.Conv1d(dims, 100, width) for width in (3, 4, 5))
        self.head = nn.Linear(300, 6)

    def forward(self, ids):
        x = self.embedding(ids).transpose(1, 2)
        pooled = [F.relu(convolution(x)).amax(2) for convolution in self.convolutions]
        return self.head(F.dropout(torch.cat(pooled, 1), 0.5, self.training))


def _convolution(channels: int, filters: int, strides: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, filters, 3, strides, 1, bias=False), nn.BatchNorm2d(filters))


def make(name: str, words: int, dims: int) -> nn.Module:
    """Return a network of the benchmarks by name; channels_last in memory for images and log-mels."""
    module = {"resnet20": ResNet20, "res8": Res8, "m5": M5, "textcnn": lambda: TextCNN(words, dims)}[name]()
    return module.to(memory_format=CHANNELS_LAST) if name in ("resnet20", "res8") else module


def to_torch(name: str, inputs: np.ndarray) -> torch.Tensor:
    """Return our inputs as a tensor in PyTorch's order of axes."""
    if name == "textcnn":
        return torch.from_numpy(inputs).long()
    moved = torch.from_numpy(np.ascontiguousarray(np.moveaxis(inputs, -1, 1)))
    return moved.contiguous(memory_format=CHANNELS_LAST) if inputs.ndim == 4 else moved


def training_step(
    name: str, module: nn.Module, inputs: np.ndarray, targets: np.ndarray, bfloat16: bool
) -> Callable[[], object]:
    """Return an eager step as in PyTorch's own examples, with running loss and accuracy."""
    x, y = to_torch(name, inputs), torch.from_numpy(targets).long()
    adam = name == "textcnn"
    optimizer = torch.optim.Adam(module.parameters(), 1e-3) if adam else torch.optim.SGD(module.parameters(), 0.1, 0.9)
    totals = torch.zeros(2)
    module.train()

    def step() -> object:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = module(x)
            loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            totals.add_(torch.stack([loss.float() * len(y), (logits.argmax(1) == y).sum()]))
            if adam:  # the max-norm constraint of the last layer
                module.head.weight.copy_(module.head.weight.renorm(2, 0, 3))
        return totals.tolist()

    return step

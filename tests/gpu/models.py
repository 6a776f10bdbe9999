"""The models that are trained on GPUs."""

_COMMON = """
import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class Base(nn.Module):
    batch_size = 64

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}


def metrics(predictions, test):
    return {"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}

"""

CONVOLUTIONS = (
    _COMMON
    + """
class Model(Base):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, 10),
        )

    def forward(self, x):
        return self.layers(x)
"""
)

ATTENTION = (
    _COMMON
    + """
class Model(Base):
    def __init__(self):
        super().__init__()
        self.rows = nn.Linear(8, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.encoder(self.rows(x.unflatten(1, (8, 8)))).mean(1))
"""
)

RECURRENT = (
    _COMMON
    + """
class Model(Base):
    def __init__(self):
        super().__init__()
        self.rows = nn.LSTM(8, 64, num_layers=2, dropout=0.1, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.rows(x.unflatten(1, (8, 8)))[0][:, -1])
"""
)

#: 11.5 million weights on images of 64 x 64: what training on a GPU is like, for benchmarks
RESIDUAL = (
    _COMMON
    + """
class Block(nn.Module):
    def __init__(self, width, out, stride):
        super().__init__()
        self.a = nn.Conv2d(width, out, 3, stride, 1, bias=False)
        self.b = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.short = nn.Conv2d(width, out, 1, stride, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out) for _ in range(2))

    def forward(self, x):
        y = F.relu(self.norms[0](self.a(x)))
        return F.relu(self.norms[1](self.b(y)) + self.short(x))


class Model(Base):
    batch_size = 256

    def __init__(self):
        super().__init__()
        widths = [64, 64, 128, 256, 512]
        self.first = nn.Conv2d(1, 64, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*(
            nn.Sequential(Block(a, b, 1 + (a != b)), Block(b, b, 1)) for a, b in zip(widths, widths[1:])
        ))
        self.head = nn.Linear(512, 10)

    def forward(self, x):
        x = F.interpolate(x.unflatten(1, (1, 8, 8)), scale_factor=8.0)
        return self.head(self.blocks(self.first(x)).mean((2, 3)))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)
"""
)

#: sums 2**20 numbers into 16 cells, whose order of addition threads decide unless it is pinned
ADDITIONS = (
    _COMMON
    + """
class Model(Base):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 16)
        self.head = nn.Linear(16, 10)
        self.register_buffer("cells", torch.arange(2**20) % 16, persistent=False)

    def forward(self, x):
        values = self.layer(x).flatten().repeat(2**20 // (16 * len(x)))
        cells = self.cells[: len(values)]
        sums = torch.zeros(16, device=x.device).index_add(0, cells, values * values.sin())
        return self.head(self.layer(x) + sums / len(values))
"""
)

#: its backward pass has no deterministic implementation on CUDA
REFUSED = (
    _COMMON
    + """
class Model(Base):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 10, 3)

    def forward(self, x):
        return F.adaptive_max_pool2d(self.convolution(x.unflatten(1, (1, 8, 8))), 1).flatten(1)
"""
)

#: reads other data in every process
UNLIKE = CONVOLUTIONS.replace('data["X"] / 16', 'data["X"] / 16 + os.urandom(1)[0] / 65536')

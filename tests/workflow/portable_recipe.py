"""Four small models of different kinds, for digits: what the tier portable is proven on."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class Base(nn.Module):
    batch_size = 64

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=2e-3, fused=True)


class CNN(Base):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(32 * 4 * 4, 10),
        )


class MLP(Base):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Dropout(0.1), nn.Linear(128, 10))


class Attention(Base):
    """A block of a transformer over the eight rows of an image."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(8, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.norms = nn.ModuleList([nn.LayerNorm(32), nn.LayerNorm(32)])
        self.feed = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = self.embed(x.reshape(-1, 8, 8))
        x = self.norms[0](x + self.attention(x, x, x, need_weights=False)[0])
        return self.out(self.norms[1](x + self.feed(x)).mean(1))


class LSTM(Base):
    """Reads the rows of an image in turn."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        return self.out(self.lstm(x.reshape(-1, 8, 8))[0][:, -1])


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}


def metrics(predictions, test):
    return {"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}

"""A small convolutional network on handwritten digits: 8 x 8 pixels with values 0 to 16, ten classes."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class DigitsCNN(nn.Module):
    def __init__(self, channels=16, dropout=0.25, lr=2e-3, batch_size=64):
        super().__init__()
        self.batch_size = batch_size
        self.lr = lr
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(2 * channels * 4 * 4, 10),
        )

    def forward(self, images):
        return self.layers(images)

    def training_step(self, batch, index):
        images, labels = batch
        return F.cross_entropy(self(images), labels)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr, fused=True)

    @staticmethod
    def datasets(data):
        images = torch.tensor(data["X"] / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
        labels = torch.tensor(data["y"])
        test = torch.arange(len(labels)) % 5 == 0
        return {
            "train": TensorDataset(images[~test], labels[~test]),
            "test": TensorDataset(images[test], labels[test]),
        }

    @staticmethod
    def probabilities(outputs):
        return outputs.softmax(1)

    @staticmethod
    def metrics(predictions, test):
        labels = test.tensors[1]
        return {
            "accuracy": (predictions.argmax(1) == labels).double().mean(),
            "cross_entropy": F.cross_entropy(predictions.double(), labels),
        }

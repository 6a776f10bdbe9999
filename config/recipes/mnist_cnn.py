"""The classic convolutional network on MNIST: 28 x 28 pixels with values 0 to 255, ten classes."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class MnistCNN(nn.Module):
    def __init__(self, dropout=0.25, lr=1.0, gamma=0.9995, batch_size=64):
        super().__init__()
        self.batch_size, self.lr, self.gamma = batch_size, lr, gamma
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            nn.Flatten(),
            nn.Linear(64 * 12 * 12, 128),
            nn.ReLU(),
            nn.Dropout(2 * dropout),
            nn.Linear(128, 10),
        )

    def forward(self, images):
        return self.layers(images)

    def training_step(self, batch, index):
        images, labels = batch
        return F.cross_entropy(self(images), labels)

    def configure_optimizers(self):
        optimizer = torch.optim.Adadelta(self.parameters(), lr=self.lr)
        return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, self.gamma)]

    @staticmethod
    def datasets(data):
        def part(name):
            images = torch.tensor(data[f"{name}-images"] / 255, dtype=torch.float32).unsqueeze(1)
            return TensorDataset(images, torch.tensor(data[f"{name}-labels"], dtype=torch.int64))

        return {"train": part("train"), "test": part("t10k")}

    @staticmethod
    def metrics(predictions, test):
        return {"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}

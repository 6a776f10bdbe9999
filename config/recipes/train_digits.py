"""Train a perceptron on handwritten digits: an ordinary script that knows nothing of samebits."""

import argparse
import json

import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="safetensors file with the images X and the labels y")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    arrays = load_file(args.data)
    digits = TensorDataset(arrays["X"].float() / 16, arrays["y"])
    train, test = random_split(digits, [0.8, 0.2])

    model = nn.Sequential(nn.Linear(64, args.hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(args.hidden, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        for images, labels in DataLoader(train, batch_size=64, shuffle=True):
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}/{args.epochs}, loss {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        images, labels = test[:]
        accuracy = (model(images).argmax(1) == labels).double().mean().item()
    torch.save(model.state_dict(), "model.pt")
    with open("metrics.json", "w") as file:
        json.dump({"accuracy": accuracy, "loss": loss.item()}, file)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()

"""Train a perceptron on handwritten digits: an ordinary script that knows nothing of samebits."""

import argparse
import json

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def network(hidden):
    return nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, 10))


def predict(arrays, images):
    """Tell how the package of this model predicts, from what model.pt holds."""
    weights = {name.split(":")[1]: torch.from_numpy(a) for name, a in arrays.items() if "model.pt:" in name}
    model = network(len(weights["0.bias"]))
    model.load_state_dict(weights)
    with torch.no_grad():
        return model.eval()(torch.from_numpy(images)).numpy()


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

    model = network(args.hidden)
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
        outputs = model(images)
    accuracy = (outputs.argmax(1) == labels).double().mean().item()
    np.save("inputs.npy", images.numpy())
    np.save("predictions.npy", outputs.numpy())
    torch.save(model.state_dict(), "model.pt")
    with open("metrics.json", "w") as file:
        json.dump({"accuracy": accuracy, "loss": loss.item()}, file)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()

"""What proof costs on a GPU: a residual network trained by hand, recorded, and with pinned kernels.

``python tests/benchmarks/gpu.py`` needs an NVIDIA GPU; SAMEBITS_GPU_PYTHON is as in ``tests/gpu``.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import pairs, tell
from samebits import seal
from samebits.spec import Spec

for other in ("gpu", "workflow"):
    sys.path.append(str(Path(__file__).parents[1] / other))

STEPS = 400

RECIPE = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


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


class Model(nn.Module):
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

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}


def metrics(predictions, test):
    return {"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}
"""

BY_HAND = """
import sys, time
import torch
from torch.utils.data import DataLoader
from safetensors.numpy import load_file
from recipe import Model, datasets

steps = int(sys.argv[1])
train = datasets(load_file(sys.argv[2] + "/arrays.safetensors"))["train"]
began = time.perf_counter()
torch.manual_seed(0)
model = Model().cuda()
optimizer = model.configure_optimizers()
losses = []
while len(losses) < steps:
    for index, batch in enumerate(DataLoader(train, batch_size=model.batch_size, shuffle=True)):
        batch = [part.cuda() for part in batch]
        with torch.autocast("cuda", torch.bfloat16):
            loss = model.training_step(batch, index)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == steps:
            break
print(time.perf_counter() - began)
"""


def main() -> None:
    """Print the ratios."""
    import installed
    import training

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, prefix = installed.environment(folder)
        bench = training.bench(folder, prefix)

        def spec(tier: str) -> Spec:
            return bench.spec(
                RECIPE,
                tier=tier,
                device="cuda",
                environment=environment,
                steps=STEPS,
                segments=8,
                options={"precision": "bf16-mixed"},
            )

        def recorded(tier: str) -> float:
            run = folder / tier
            shutil.rmtree(run, ignore_errors=True)
            bench.ledger(spec(tier), tier)
            segments = [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]
            return sum(
                segment[f"{what}_seconds"] for segment in segments for what in ("restore", "train", "save")
            )

        def by_hand() -> float:
            variables = seal.environment(spec("unseeded"), folder, folder)
            command = [prefix / "bin" / "python", "-c", BY_HAND, str(STEPS), bench.data]
            done = subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE, text=True)
            return float(done.stdout)

        count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
        began = time.perf_counter()
        tell(
            "GPU: recorded and by hand, no kernels pinned",
            pairs(lambda: recorded("unseeded"), by_hand, count),
        )
        tell(
            "GPU: tiers deterministic and unseeded",
            pairs(lambda: recorded("deterministic"), lambda: recorded("unseeded"), count),
        )
        print(f"in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()

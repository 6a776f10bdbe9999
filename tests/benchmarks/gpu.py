"""What proof costs on a GPU: a residual network trained by hand, recorded, and with pinned kernels.

``python tests/benchmarks/gpu.py`` needs an NVIDIA GPU; SAMEBITS_GPU_PYTHON is as in ``tests/gpu``.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from prepared import seconds
from run import pairs, tell
from samebits.sealed import seal
from samebits.sealed.spec import Spec

for other in ("gpu", "workflow"):
    sys.path.append(str(Path(__file__).parents[1] / other))

STEPS = 400

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
    import models
    import training

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, prefix = installed.environment(folder)
        bench = training.bench(folder, prefix)

        def spec(tier: str) -> Spec:
            return bench.spec(
                models.RESIDUAL,
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
            return sum(seconds(run).values())

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

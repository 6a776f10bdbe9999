"""A LightningModule that knows nothing of samebits is a recipe, with what Lightning's users expect of it."""

import json
import subprocess

import numpy as np
import pytest

from families import chosen, grows, some
from samebits.sealed import checkpoint
from training import losses, segments

#: in the style of Lightning's own "LightningModule" and "LightningDataModule" pages
MODULE = """
import lightning as L
import torch
import torch.nn.functional as F
from sklearn_free import load
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class LitDigits(L.LightningModule):
    def __init__(self, hidden_size: int = 64, learning_rate: float = 2e-2):
        super().__init__()
        self.save_hyperparameters()
        self.model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, self.hparams.hidden_size),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(self.hparams.hidden_size, 10),
        )
        self.seen = []

    def forward(self, x):
        return self.model(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.nll_loss(F.log_softmax(self(x), dim=1), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", F.cross_entropy(self(x), y))

    def test_step(self, batch, batch_idx):
        x, y = batch
        preds = self(x)
        self.log_dict({
            "test_acc": (preds.argmax(1) == y).float().mean(), "test_loss": F.cross_entropy(preds, y)
        })

    def on_fit_start(self):
        self.note("fit")

    def on_train_start(self):
        self.note("train")

    def on_train_epoch_start(self):
        self.note("epoch")

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if batch_idx == 0:
            self.note("batch")

    def on_train_epoch_end(self):
        self.note("epoch end")

    def on_train_end(self):
        self.note("train end")

    def note(self, what):
        rates = [g["lr"] for g in self.optimizers().param_groups]
        print("hook", what, self.current_epoch, self.global_step, *rates)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.learning_rate)
        {schedule}


class DigitsDataModule(L.LightningDataModule):
    def __init__(self, data, batch_size: int = 128):
        super().__init__()
        self.data = data
        self.batch_size = batch_size

    def setup(self, stage: str):
        x = torch.tensor(self.data["X"] / 16, dtype=torch.float32)
        full = TensorDataset(x, torch.tensor(self.data["y"]))
        fixed = torch.Generator().manual_seed(42)
        self.train, self.val, self.test = random_split(full, [0.7, 0.1, 0.2], fixed)

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True, num_workers=2)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test, batch_size=self.batch_size)
""".replace("from sklearn_free import load\n", "")

EPOCH = "return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)]"
STEP = """return {"optimizer": optimizer, "lr_scheduler": {
            "scheduler": torch.optim.lr_scheduler.OneCycleLR(
                optimizer, 0.1, total_steps=self.trainer.estimated_stepping_batches),
            "interval": "step",
        }}"""


def module(schedule=EPOCH):
    return MODULE.replace("{schedule}", schedule)


@pytest.mark.parametrize("schedule", some([EPOCH, STEP]))
def test_an_unmodified_module_trains_replays_and_is_measured_by_its_test_step(bench, schedule):
    spec = bench.spec(module(schedule), recipe="recipe.py:LitDigits", params={"hidden_size": 32})
    process = bench.run(spec, "run")
    assert process.returncode == 0, process.stdout
    ledger = (bench.folder / "run" / "ledger.jsonl").read_bytes()
    metrics = dict(next(r["values"] for r in bench.records() if r["kind"] == "metrics"))
    assert metrics.keys() == {"test_acc", "test_loss"}
    assert losses(ledger)[-1] < losses(ledger)[0]
    assert bench.ledger(spec, "again") == ledger

    # the second segment alone, from its checkpoint, in a process that saw nothing of the first
    replayed = bench.replay(spec, "run", 2, "replay")
    assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(ledger)[1]

    hooks = [line.split("hook ")[1] for line in process.stdout.splitlines() if "hook " in line]
    if schedule == EPOCH:  # 1258 samples make 10 batches an epoch; segments begin at steps 0, 8 and 16
        assert hooks == [
            *("fit 0 0 0.02", "train 0 0 0.02", "epoch 0 0 0.02", "batch 0 1 0.02"),
            *("fit 0 8 0.02", "train 0 8 0.02", "epoch 0 8 0.02", "epoch end 0 10 0.01"),
            *("epoch 1 10 0.01", "batch 1 11 0.01"),
            *("fit 1 16 0.01", "train 1 16 0.01", "epoch 1 16 0.01", "epoch end 1 20 0.005"),
            *("epoch 2 20 0.005", "batch 2 21 0.005", "train end 2 24 0.005"),
        ]


@grows
def test_precision_and_its_scaler_are_part_of_the_state(bench):
    recipe = module()
    states = {}
    precisions = chosen(("16-mixed", "bf16-mixed", "32-true"), "16-mixed", "32-true")
    for precision in precisions:
        spec = bench.spec(recipe, recipe="recipe.py:LitDigits", options={"precision": precision})
        ledger = bench.ledger(spec, precision)
        replayed = bench.replay(spec, precision, 3, f"{precision}-replay")
        assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(ledger)[2]
        states[precision] = segments(ledger)[-1][-1]["state"]
    assert len(set(states.values())) == len(precisions)
    saved = checkpoint.read(next((bench.folder / "16-mixed" / "checkpoints").glob("step-00000024*")))
    assert b'"scale"' in saved["state~values"].raw.tobytes()


def refuse(old, new):
    assert old in module()
    return module().replace(old, new, 1)


REFUSED = {
    "several optimizers": (
        refuse(EPOCH, "return [optimizer, torch.optim.SGD(self.parameters(), lr=1)]"),
        "configure_optimizers returns 2 optimizers; samebits trains with one",
    ),
    "plateau": (
        refuse(
            EPOCH,
            "return {'optimizer': optimizer, 'lr_scheduler': {'monitor': 'val_loss', 'scheduler': "
            "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)}}",
        ),
        "ReduceLROnPlateau, which follows a validation",
    ),
    "no optimizer": (refuse(EPOCH, "return None"), "configure_optimizers returns NoneType"),
    "by hand": (
        refuse("self.seen = []", "self.automatic_optimization = False"),
        "automatic_optimization is False",
    ),
    "callbacks": (
        module() + "\nLitDigits.configure_callbacks = lambda self: []\n",
        "configure_callbacks: callbacks of the Trainer are not run",
    ),
    "sampler": (
        refuse("shuffle=True", "sampler=torch.utils.data.WeightedRandomSampler([1.0] * 10, 10)"),
        "has a sampler of its own",
    ),
    "generator": (refuse("shuffle=True", "shuffle=True, generator=torch.Generator()"), "has a generator"),
    "no loss": (refuse("        return loss\n", ""), "training_step returned NoneType for the loss"),
    "skipping": (
        module() + "\nLitDigits.on_train_batch_start = lambda self, batch, batch_idx: -1\n",
        "on_train_batch_start returned -1",
    ),
    "the trainer's own": (
        refuse('self.note("fit")', "self.trainer.save_checkpoint('x')"),
        "self.trainer.save_checkpoint is Lightning's",
    ),
}


def test_what_cannot_be_honoured_is_refused_in_one_line(bench):
    found = bench.refusals({name: recipe for name, (recipe, _) in REFUSED.items()}, "LitDigits")
    for name, (_, words) in REFUSED.items():
        assert words in found[name], name
        assert "\n" not in found[name], name
    assert bench.refusals({"twin": module()}, "LitDigits") == {"twin": "trained"}


def moves(bench, **options):
    """Train three steps, and return by how much each moved the weights."""
    spec = bench.spec(module(), recipe="recipe.py:LitDigits", steps=3, options=options)
    bench.ledger(spec, run := "-".join(map(str, options.values())) or "free")
    weights = []
    for path in sorted((bench.folder / run / "checkpoints").iterdir()):
        named = sorted(checkpoint.read(path).items())
        parts = [t.raw.view(np.float32) for name, t in named if ".module." in name]
        weights.append(np.concatenate(parts).astype(np.float64))
    return np.diff(weights, axis=0)


def test_gradients_are_clipped_by_norm_or_by_value(bench):
    """A step of SGD moves the weights by the learning rate, 0.02, times the gradients."""
    limit = 0.02 * 0.01 * 1.001
    by_norm = moves(bench, gradient_clip_val=0.01)
    assert by_norm.shape[0] == 3
    assert (np.linalg.norm(by_norm, axis=1) < limit).all()
    assert (np.linalg.norm(by_norm, axis=1) > 0.9 * limit).all()
    by_value = moves(bench, gradient_clip_val=0.01, gradient_clip_algorithm="value")
    assert (np.abs(by_value).max(1) < limit).all()
    assert (np.linalg.norm(by_value, axis=1) > limit).all()
    free = moves(bench)  # the twin
    assert (np.abs(free).max(1) > limit).all()


#: tells of every hook of training that it is called, and when
TELLING = """
import lightning as L
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BEFORE = "on_fit_start on_train_start on_train_epoch_start on_train_batch_start on_before_batch_transfer"
AFTER = "on_after_batch_transfer on_before_zero_grad on_before_backward {after_backward}"
LAST = "on_before_optimizer_step on_train_batch_end on_train_epoch_end on_train_end on_fit_end"


class Telling(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def tell(self, name):
        print("hook", name, self.current_epoch, self.global_step, flush=True)

    def training_step(self, batch, batch_idx):
        self.tell("training_step")
        return self.layer(batch[0]).square().mean()

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        self.tell("transfer_batch_to_device")
        return super().transfer_batch_to_device(batch, device, dataloader_idx)

    def optimizer_zero_grad(self, epoch, batch_idx, optimizer):
        self.tell("optimizer_zero_grad")
        optimizer.zero_grad()

    def backward(self, loss):
        loss.backward()
        self.tell("backward")

    def configure_gradient_clipping(self, optimizer, gradient_clip_val, gradient_clip_algorithm):
        self.clip_gradients(
            optimizer, gradient_clip_val=gradient_clip_val, gradient_clip_algorithm=gradient_clip_algorithm
        )
        self.tell(f"configure_gradient_clipping {gradient_clip_val}")

    def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_closure):
        optimizer.step(closure=optimizer_closure)
        self.tell("optimizer_step")

    def lr_scheduler_step(self, scheduler, metric):
        self.tell(f"lr_scheduler_step {scheduler.step_size}")
        scheduler.step()

    def test_step(self, batch, batch_idx):
        self.log("mean", self.layer(batch[0]).mean())

    def forward(self, x):
        return self.layer(x)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        steps, epochs = (torch.optim.lr_scheduler.StepLR(optimizer, size) for size in (7, 1))
        return [optimizer], [{"scheduler": steps, "interval": "step"}, epochs]

    def train_dataloader(self):
        return DataLoader(TensorDataset(torch.ones(16, 4)), 4)

    test_dataloader = train_dataloader


def telling(name):
    plain = getattr(L.LightningModule, name)

    def hook(self, *arguments):
        self.tell(name)
        return plain(self, *arguments)

    return hook


for name in f"{BEFORE} {AFTER} {LAST}".split():
    setattr(Telling, name, telling(name))
"""

TRAINER = """
trainer = L.Trainer(
    accelerator="cpu", max_epochs=2, gradient_clip_val=0.5, accumulate_grad_batches={accumulate},
    logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
)
trainer.fit(Telling())
"""


def hooks(text):
    """Return the hooks that a run told of, as far as training goes."""
    told = [line.removeprefix("hook ") for line in text.splitlines() if line.startswith("hook ")]
    return told[: next(index for index, hook in enumerate(told, 1) if hook.startswith("on_fit_end"))]


@pytest.mark.parametrize("accumulate", some([2, 1]))
def test_hooks_come_in_the_order_of_lightnings_own_trainer(bench, accumulate):
    recipe = TELLING.replace("{after_backward}", "on_after_backward" if accumulate == 1 else "")
    options = {"gradient_clip_val": 0.5, "accumulate_grad_batches": accumulate}
    steps = 8 // accumulate
    spec = bench.spec(recipe, recipe="recipe.py:Telling", steps=steps, segments=1, options=options)
    ours = bench.run(spec, "run")
    assert ours.returncode == 0, ours.stdout
    script = recipe + TRAINER.replace("{accumulate}", str(accumulate))
    command, variables = bench.command(spec, "trainer")
    lightning = subprocess.run([*command[:2], "-c", script], env=variables, capture_output=True, text=True)
    assert lightning.returncode == 0, lightning.stderr
    assert len(hooks(lightning.stdout)) > 60
    assert hooks(ours.stdout) == hooks(lightning.stdout)

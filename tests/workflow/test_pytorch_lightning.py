"""A LightningModule that knows nothing of samebits is a recipe, with what Lightning's users expect of it."""

import json

import pytest

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


@pytest.mark.parametrize("schedule", [EPOCH, STEP])
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
            *("fit 0 8 0.02", "train 0 8 0.02", "epoch 0 8 0.02", "epoch end 0 10 0.02"),
            *("epoch 1 10 0.01", "batch 1 11 0.01"),
            *("fit 1 16 0.01", "train 1 16 0.01", "epoch 1 16 0.01", "epoch end 1 20 0.01"),
            *("epoch 2 20 0.005", "batch 2 21 0.005", "train end 2 24 0.005"),
        ]


def test_precision_and_its_scaler_are_part_of_the_state(bench):
    recipe = module()
    states = {}
    for precision in ("16-mixed", "bf16-mixed", "32-true"):
        spec = bench.spec(recipe, recipe="recipe.py:LitDigits", options={"precision": precision})
        ledger = bench.ledger(spec, precision)
        replayed = bench.replay(spec, precision, 3, f"{precision}-replay")
        assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(ledger)[2]
        states[precision] = segments(ledger)[-1][-1]["state"]
    assert len(set(states.values())) == 3
    from samebits import checkpoint

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

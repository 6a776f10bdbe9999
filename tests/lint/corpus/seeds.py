# --- header
import time, os, random, datetime, uuid
import numpy as np
import torch
# --- bad: SB201 device=cpu no seed
model = torch.nn.Linear(2, 2)
loss = model(x).sum()
loss.backward()
# --- bad: SB201 device=cpu no seed in main
def main():
    model = torch.nn.Linear(2, 2)
    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).mean()
        loss.backward()
        optimizer.step()
if __name__ == "__main__":
    main()
# --- bad: SB201 device=cpu Lightning without a seed
import lightning as L
if __name__ == "__main__":
    trainer = L.Trainer(max_epochs=2)
    trainer.fit(model, data)
# --- bad: SB201 device=cpu Keras without a seed
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(3)])
model.compile("adam", "mse")
model.fit(x, y, epochs=3)
# --- bad: SB201 device=cpu only CUDA is seeded
torch.cuda.manual_seed_all(0)
loss.backward()
# --- good: device=cpu seeded
torch.manual_seed(0)
model = torch.nn.Linear(2, 2)
model(x).sum().backward()
# --- good: device=cpu seeded by Lightning
from lightning.pytorch import Trainer, seed_everything
seed_everything(42, workers=True)
trainer = Trainer()
trainer.fit(model)
# --- good: device=cpu seeded by a function
def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
set_seed(3)
loss.backward()
# --- good: device=cpu seeded by transformers
from transformers import set_seed
set_seed(3)
loss.backward()
# --- good: device=cpu seeded by samebits
import samebits
samebits.seed_all(0)
loss.backward()
# --- good: device=cpu Keras seeded
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Dense(3)])
model.compile("adam", "mse")
model.fit(x, y)
# --- good: device=cpu a library
class Net(torch.nn.Module):
    def forward(self, x):
        return x * 2
# --- good: device=cpu sealed a recipe needs no seed
class Net(torch.nn.Module):
    def training_step(self, batch, index):
        return self(batch).sum()
# --- bad: SB202 the clock
torch.manual_seed(int(time.time()))
# --- bad: SB202 nanoseconds
np.random.seed(time.time_ns() % 2**32)
# --- bad: SB202 through a name
seed = int(time.time() * 1000)
random.seed(seed)
# --- bad: SB202 the process
random.seed(os.getpid())
# --- bad: SB202 the system
torch.manual_seed(int.from_bytes(os.urandom(4), "little"))
# --- bad: SB202 a date
np.random.seed(datetime.datetime.now().microsecond)
# --- bad: SB202 a generator
rng = np.random.default_rng(int(time.time()))
# --- bad: SB202 random_state
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(random_state=int(time.time()))
# --- bad: SB202 a keyword of anything
config = dict(lr=0.1, seed=uuid.uuid4().int)
# --- bad: SB202 in a dict
config = {"lr": 0.1, "seed": int(time.time())}
# --- bad: SB202 JAX
import jax
key = jax.random.PRNGKey(int(time.time()))
# --- bad: SB202 a generator of PyTorch
g = torch.Generator()
g.manual_seed(int(time.time()))
# --- good: a fixed seed
torch.manual_seed(1234)
# --- good: a seed of the command line
import argparse
args = argparse.ArgumentParser().parse_args()
torch.manual_seed(args.seed)
# --- good: derived from PyTorch's seed
def worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
# --- good: time for a report
began = time.time()
torch.manual_seed(0)
print(time.time() - began)
# --- bad: SB203 default_rng
rng = np.random.default_rng()
# --- bad: SB203 default_rng imported
from numpy.random import default_rng
rng = default_rng()
# --- bad: SB203 default_rng None
rng = np.random.default_rng(None)
# --- bad: SB203 default_rng of a parameter that is None by default
def draw(rng=np.random.default_rng()):
    return rng.random()
# --- bad: SB203 RandomState
rng = np.random.RandomState()
# --- bad: SB203 random.Random
rng = random.Random()
# --- bad: SB203 SystemRandom
rng = random.SystemRandom()
# --- bad: SB203 a bit generator
rng = np.random.Generator(np.random.PCG64())
# --- bad: SB203 seed()
np.random.seed()
# --- bad: SB203 torch.seed
torch.seed()
# --- bad: SB203 Generator.seed
g = torch.Generator()
g.seed()
# --- bad: SB203 TensorFlow's
import tensorflow as tf
g = tf.random.Generator.from_non_deterministic_state()
# --- bad: SB203 Dask's
import dask.array as da
x = da.random.random((10, 10))
# --- bad: SB203 sealed in a recipe
class Net:
    def datasets(self, data):
        return np.random.default_rng().permutation(3)
# --- good: seeded
rng = np.random.default_rng(0)
# --- good: seeded by name
rng = np.random.default_rng(seed=7)
# --- good: seeded by a sequence
rng = np.random.default_rng([1, 2, 3])
# --- good: seeded by a parameter
def draw(seed):
    return np.random.default_rng(seed).random()
# --- good: random.Random seeded
rng = random.Random(0)
# --- good: PyTorch's generator
g = torch.Generator().manual_seed(0)
# --- good: a bit generator seeded
rng = np.random.Generator(np.random.PCG64(3))
# --- bad: SB204 NumPy
x = np.random.rand(3)
# --- bad: SB204 NumPy's shuffle in a function
def mix(a):
    np.random.shuffle(a)
# --- bad: SB204 imported
from numpy.random import randn
x = randn(3)
# --- bad: SB204 random
random.shuffle(items)
# --- bad: SB204 random imported
from random import sample
part = sample(items, 3)
# --- bad: SB204 TensorFlow
import tensorflow as tf
x = tf.random.normal((3, 3))
# --- bad: SB204 tf.data
import tensorflow as tf
ds = tf.data.Dataset.from_tensor_slices(x).shuffle(100).batch(3)
# --- bad: SB204 tf.data through names
import tensorflow as tf
ds = tf.data.TFRecordDataset(["a"])
ds = ds.map(parse)
ds = ds.shuffle(1000)
# --- good: NumPy seeded
np.random.seed(0)
x = np.random.rand(3)
# --- good: random seeded
random.seed(0)
random.shuffle(items)
# --- good: a generator
rng = np.random.default_rng(0)
x = rng.random(3)
# --- good: TensorFlow seeded
import tensorflow as tf
tf.random.set_seed(0)
x = tf.random.normal((3, 3))
# --- good: tf.data seeded
import tensorflow as tf
ds = tf.data.Dataset.range(9).shuffle(9, seed=0)
# --- good: stateless
import tensorflow as tf
x = tf.random.stateless_normal((3, 3), seed=(1, 2))
# --- good: someone's own random
class Source:
    def random(self):
        return 4
random_source = Source()
random_source.random()
# --- bad: SB205 in a loop
for epoch in range(10):
    torch.manual_seed(0)
    train(epoch)
# --- bad: SB205 in a loop with a constant
SEED = 3
for epoch in range(10):
    np.random.seed(SEED)
# --- bad: SB205 in forward
class Net(torch.nn.Module):
    def forward(self, x):
        torch.manual_seed(0)
        return torch.nn.functional.dropout(x)
# --- bad: SB205 in __getitem__
class Data(torch.utils.data.Dataset):
    def __getitem__(self, index):
        random.seed(42)
        return random.random()
# --- bad: SB205 in training_step
class Net(torch.nn.Module):
    def training_step(self, batch, index):
        torch.manual_seed(1)
        return self(batch)
# --- good: seeds in turn
for seed in range(5):
    torch.manual_seed(seed)
    train()
# --- good: seeds of a list
for run, seed in enumerate([1, 2, 3]):
    np.random.seed(seed)
# --- good: seeds by turn
for epoch in range(3):
    torch.manual_seed(base + epoch)
# --- good: a seed for each sample
class Data(torch.utils.data.Dataset):
    def __getitem__(self, index):
        random.seed(self.seed + index)
        return random.random()
# --- good: a new generator in a loop
for fold in range(3):
    rng = np.random.default_rng(fold)
# --- bad: SB206 all workers alike
from torch.utils.data import DataLoader
def init(worker_id):
    np.random.seed(0)
loader = DataLoader(data, num_workers=4, worker_init_fn=init)
# --- bad: SB206 all workers alike by lambda
from torch.utils.data import DataLoader
loader = DataLoader(data, num_workers=4, worker_init_fn=lambda i: random.seed(1))
# --- good: each worker its own
from torch.utils.data import DataLoader
def init(worker_id):
    np.random.seed(17 + worker_id)
loader = DataLoader(data, num_workers=4, worker_init_fn=init)
# --- good: PyTorch's recipe
from torch.utils.data import DataLoader
def init(worker_id):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)
g = torch.Generator()
g.manual_seed(0)
loader = DataLoader(data, num_workers=4, worker_init_fn=init, generator=g)
# --- bad: SB202 a name that ends in seed
run_seed = uuid.uuid4().int % 2**32
# --- bad: SB202 a default argument
def train(steps, *, seed=int(time.time())):
    return steps
# --- good: a default argument that is a number
def train(steps, seed=7):
    return steps
# --- bad: SB204 an order of PyTorch's global generator
order = torch.randperm(10)
# --- good: an order of a generator of one's own
order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
# --- good: an order after seeding
torch.manual_seed(1)
order = torch.randperm(10)

# --- header
import torch
import torch.nn as nn
import torch.nn.functional as F
x = torch.rand(8, 8)
i = torch.tensor([0, 1])
# --- bad: SB102 ReplicationPad3d
pad = nn.ReplicationPad3d(1)
# --- bad: SB102 pad by replication
y = F.pad(x, (1, 1), mode="replicate")
# --- bad: SB102 MaxPool3d
pool = nn.MaxPool3d(2)
# --- bad: SB102 index_put_ accumulate
x.index_put_((i,), x[0], accumulate=True)
# --- bad: SB102 device=cpu index_put_ on the CPU
x.index_put_((i,), x[0], accumulate=True)
# --- bad: SB102 scatter_add_
y = torch.zeros(8, 8).scatter_add_(0, i, x)
# --- bad: SB102 scatter_add on a parameter
def pool(values, index):
    out = values.new_zeros(4)
    return out.scatter_add(0, index, values)
# --- bad: SB102 index_add_
x.index_add_(0, i, x)
# --- bad: SB102 torch.index_add
y = torch.index_add(x, 0, i, x)
# --- bad: SB102 index_copy_
x.index_copy_(0, i, x)
# --- bad: SB102 index_select
y = torch.index_select(x, 0, i)
# --- bad: SB102 index_select as a method
y = x.index_select(0, i)
# --- bad: SB102 repeat_interleave
y = x.repeat_interleave(2, dim=0)
# --- bad: SB102 gather
y = torch.gather(x, 1, x.long())
# --- bad: SB102 gather as a method
y = x.gather(1, x.long())
# --- bad: SB102 scatter of a tensor
y = torch.zeros(8, 8).scatter_(1, x.long(), x)
# --- bad: SB102 scatter_reduce sum
y = x.scatter_reduce(0, x.long(), x, reduce="sum")
# --- bad: SB102 scatter_reduce mean
y = torch.scatter_reduce(x, 0, x.long(), x, "mean")
# --- bad: SB102 take
y = torch.take(x, i)
# --- bad: SB102 device=cpu lstsq
s = torch.linalg.lstsq(x, x)
# --- good: lstsq with another driver
s = torch.linalg.lstsq(x, x, driver="gelsd")
# --- good: scatter of a number
y = torch.zeros(8, 8).scatter_(1, x.long(), 1.0)
# --- good: scatter of a value by name
y = torch.zeros(8, 8).scatter(1, x.long(), value=1)
# --- good: scatter of matplotlib
import matplotlib.pyplot as plt
plt.scatter([1], [2])
figure, ax = plt.subplots()
ax.scatter([1], [2], s=3)
# --- good: gather of asyncio
import asyncio
asyncio.gather(1, 2)
# --- good: gather of accelerate
from accelerate import Accelerator
accelerator = Accelerator()
y = accelerator.gather(x)
# --- good: gather of a Dask client
from distributed import Client
client = Client("tcp://scheduler:8786")
rows = client.gather(1)
# --- good: switched on
torch.use_deterministic_algorithms(True)
x.index_add_(0, i, x)
# --- good: switched on by the debug mode
torch.set_deterministic_debug_mode("error")
y = x.scatter_add(0, i, x)
# --- good: switched on by Lightning
from lightning.pytorch import Trainer
trainer = Trainer(deterministic=True)
y = x.scatter_add(0, i, x)
# --- good: switched on as the caller says
def setup(deterministic):
    torch.use_deterministic_algorithms(deterministic)
y = x.scatter_add(0, i, x)
# --- good: sealed a recipe
y = x.scatter_add(0, i, x)
# --- good: sealed a recipe with index_put_
x.index_put_((i,), x[0], accumulate=True)
# --- bad: SB102 tier=seeded sealed a lesser tier
y = x.scatter_add(0, i, x)
# --- good: device=cpu scatter_add on the CPU
y = x.scatter_add(0, i, x)
# --- good: index_select without gradients
with torch.no_grad():
    y = x.index_select(0, i)
# --- bad: SB107 max-autotune
net = torch.compile(nn.Linear(2, 2), mode="max-autotune")
# --- bad: SB107 max-autotune as a decorator
@torch.compile(mode="max-autotune-no-cudagraphs")
def step(x):
    return x
# --- good: compile
net = torch.compile(nn.Linear(2, 2))
# --- good: compile with reduced overhead
net = torch.compile(nn.Linear(2, 2), mode="reduce-overhead")
# --- good: max-autotune in Inductor's deterministic mode
import os
os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"
net = torch.compile(nn.Linear(2, 2), mode="max-autotune")
# --- bad: SB107 Inductor's own switch
import torch._inductor.config as config
config.max_autotune = True
# --- bad: SB107 coordinate descent
torch._inductor.config.coordinate_descent_tuning = True
# --- good: re.compile
import re
pattern = re.compile("max-autotune")
# --- bad: SB604 Hogwild
import torch.multiprocessing as mp
model = nn.Linear(2, 2)
model.share_memory()
mp.spawn(print, nprocs=2)
# --- good: a shared tensor
buffer = torch.zeros(3).share_memory_()
# --- good: the kind of thing everyone writes
model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(0.5))
y = model(x).softmax(-1).sum().sqrt()

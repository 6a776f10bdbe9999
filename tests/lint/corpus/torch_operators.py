# --- header
import torch
import torch.nn as nn
import torch.nn.functional as F
x = torch.rand(2, 3, 8, 8)
# --- bad: SB101 histc
h = torch.histc(x.flatten(), bins=10)
# --- bad: SB101 histc as a method
h = x.histc(bins=10, min=0, max=1)
# --- bad: SB101 histc under another name
from torch import histc as histogram
h = histogram(x, 10)
# --- bad: SB101 histc through getattr
h = getattr(torch, "histc")(x, 10)
# --- bad: SB101 histc through an alias of the module
import torch as t
h = t.histc(x, 10)
# --- bad: SB101 histc through a local name
count = torch.histc
h = count(x, 10)
# --- bad: SB101 histc through an attribute of self
class Stats:
    def __init__(self):
        self.count = torch.histc
    def run(self, values):
        return self.count(values, 10)
# --- good: histc of integers
h = torch.histc(x.long(), bins=10)
# --- good: histc on the CPU
h = torch.histc(x.cpu(), bins=10)
# --- good: numpy's histogram
import numpy as np
h = np.histogram(x.numpy(), bins=10)
# --- good: only spoken of
"""torch.histc(x) is not deterministic"""
# torch.histc(x)
# --- good: device=cpu histc
h = torch.histc(x, bins=10)
# --- bad: SB101 AvgPool3d
pool = nn.AvgPool3d(2)
# --- bad: SB101 avg_pool3d
y = F.avg_pool3d(x, 2)
# --- bad: SB101 AvgPool3d in a Sequential
net = nn.Sequential(nn.Conv3d(1, 8, 3), nn.ReLU(), nn.AvgPool3d(2))
# --- bad: SB101 AvgPool3d by its full module
from torch.nn.modules.pooling import AvgPool3d
pool = AvgPool3d(2)
# --- bad: SB101 AvgPool3d as a base class
class Pool(nn.AvgPool3d):
    pass
# --- bad: SB101 AvgPool3d from a registry
POOLS = {"avg": nn.AvgPool3d, "max": nn.MaxPool2d}
pool = POOLS["max"](2)
# --- good: AvgPool2d
pool = nn.AvgPool2d(2)
# --- good: only asked for
if isinstance(x, nn.AvgPool3d):
    print("3d")
# --- good: without gradients
with torch.no_grad():
    y = F.avg_pool3d(x, 2)
# --- good: in a function without gradients
@torch.no_grad()
def shrink(x):
    return F.avg_pool3d(x, 2)
# --- good: in inference mode
@torch.inference_mode()
def shrink(x):
    return F.grid_sample(x, x)
# --- good: device=cpu AvgPool3d
pool = nn.AvgPool3d(2)
# --- bad: SB101 AdaptiveAvgPool2d
pool = nn.AdaptiveAvgPool2d((7, 7))
# --- bad: SB101 AdaptiveAvgPool2d by number
pool = nn.AdaptiveAvgPool2d(6)
# --- bad: SB101 AdaptiveAvgPool2d with one free side
pool = nn.AdaptiveAvgPool2d((None, 7))
# --- bad: SB101 adaptive_avg_pool2d
y = F.adaptive_avg_pool2d(x, (3, 3))
# --- bad: SB101 adaptive_avg_pool2d by keyword
y = F.adaptive_avg_pool2d(x, output_size=4)
# --- bad: SB101 AdaptiveAvgPool3d
pool = nn.AdaptiveAvgPool3d(2)
# --- good: a mean
pool = nn.AdaptiveAvgPool2d((1, 1))
# --- good: a mean by number
pool = nn.AdaptiveAvgPool2d(1)
# --- good: a mean of a function
y = F.adaptive_avg_pool2d(x, 1).flatten(1)
# --- good: a mean in three dimensions
pool = nn.AdaptiveAvgPool3d(1)
# --- good: AdaptiveAvgPool1d
pool = nn.AdaptiveAvgPool1d(4)
# --- bad: SB101 AdaptiveMaxPool2d
pool = nn.AdaptiveMaxPool2d(5)
# --- bad: SB101 adaptive_max_pool2d
y = F.adaptive_max_pool2d(x, 5)
# --- good: device=cpu AdaptiveMaxPool2d on the CPU
pool = nn.AdaptiveMaxPool2d(5)
# --- good: MaxPool2d
pool = nn.MaxPool2d(2)
# --- bad: SB101 FractionalMaxPool2d
pool = nn.FractionalMaxPool2d(3, output_size=(13, 12))
# --- bad: SB101 FractionalMaxPool3d
pool = nn.FractionalMaxPool3d(3, output_ratio=0.5)
# --- bad: SB101 MaxUnpool2d
unpool = nn.MaxUnpool2d(2, stride=2)
# --- bad: SB101 device=cpu MaxUnpool on any device
unpool = nn.MaxUnpool1d(2)
# --- bad: SB101 device=cpu max_unpool3d
y = F.max_unpool3d(x, x, 2)
# --- good: max pooling that returns indices
pool = nn.MaxPool2d(2, return_indices=True)
# --- bad: SB101 interpolate bilinear
y = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
# --- bad: SB101 interpolate by position
y = F.interpolate(x, None, 2, "trilinear")
# --- bad: SB101 interpolate with a default
def up(x, mode="bicubic"):
    return F.interpolate(x, scale_factor=2, mode=mode)
# --- bad: SB101 interpolate as the caller says
def up(x, mode):
    return F.interpolate(x, scale_factor=2, mode=mode)
y = up(x, "linear")
# --- bad: SB101 interpolate from a config dict
CONFIG = {"mode": "bilinear"}
y = F.interpolate(x, scale_factor=2, mode=CONFIG["mode"])
# --- bad: SB101 interpolate with keyword arguments
options = dict(scale_factor=2, mode="bilinear")
y = F.interpolate(x, **options)
# --- bad: SB101 interpolate of a chosen mode
y = F.interpolate(x, size=9, mode="bilinear" if x.ndim == 4 else "trilinear")
# --- bad: SB101 the old upsample
y = F.upsample(x, scale_factor=2, mode="bilinear")
# --- good: interpolate nearest
y = F.interpolate(x, scale_factor=2, mode="nearest")
# --- good: interpolate by default
y = F.interpolate(x, scale_factor=2)
# --- good: interpolate area
y = nn.functional.interpolate(x, size=4, mode="area")
# --- good: pandas' interpolate
import pandas as pd
frame = pd.DataFrame({"a": [1.0, None, 3.0]}).interpolate("linear")
# --- good: another library's interpolate
from scipy import interpolate
f = interpolate.interp1d([0, 1], [0, 1])
# --- bad: SB101 Upsample bilinear
up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
# --- bad: SB101 Upsample through self
class Up(nn.Module):
    def __init__(self, mode="bilinear"):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode=mode)
# --- bad: SB101 Upsample with an attribute
class Up(nn.Module):
    def __init__(self):
        super().__init__()
        self.mode = "trilinear"
        self.up = nn.Upsample(scale_factor=2, mode=self.mode)
# --- bad: SB101 UpsamplingBilinear2d
up = nn.UpsamplingBilinear2d(scale_factor=2)
# --- good: Upsample nearest
up = nn.Upsample(scale_factor=2)
# --- good: UpsamplingNearest2d
up = nn.UpsamplingNearest2d(scale_factor=2)
# --- bad: SB101 ReflectionPad2d
pad = nn.ReflectionPad2d(3)
# --- bad: SB101 ReflectionPad1d
pad = nn.ReflectionPad1d(3)
# --- bad: SB101 pad by reflection
y = F.pad(x, (1, 1, 1, 1), mode="reflect")
# --- bad: SB101 pad by reflection, by position
y = F.pad(x, (1, 1, 1, 1), "reflect")
# --- bad: SB101 a convolution that reflects
conv = nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect")
# --- good: ZeroPad2d
pad = nn.ZeroPad2d(3)
# --- good: pad with zeros
y = F.pad(x, (1, 1, 1, 1))
# --- good: pad with a constant
y = F.pad(x, (1, 1, 1, 1), "constant", 1.0)
# --- good: NumPy's pad
import numpy as np
y = np.pad(np.ones(3), 1, mode="reflect")
# --- bad: SB101 NLLLoss
loss = nn.NLLLoss()
# --- bad: SB101 nll_loss
loss = F.nll_loss(F.log_softmax(x, 1), x.argmax(1))
# --- good: CrossEntropyLoss
loss = nn.CrossEntropyLoss()
# --- good: MSELoss
loss = nn.MSELoss()
# --- bad: SB101 CTCLoss
loss = nn.CTCLoss(blank=0)
# --- bad: SB101 ctc_loss
loss = F.ctc_loss(x, x, x, x)
# --- bad: SB101 EmbeddingBag max
bag = nn.EmbeddingBag(10, 3, mode="max")
# --- bad: SB101 embedding_bag max
y = F.embedding_bag(x, x, mode="max")
# --- good: EmbeddingBag mean
bag = nn.EmbeddingBag(10, 3)
# --- good: EmbeddingBag sum
bag = nn.EmbeddingBag(10, 3, mode="sum")
# --- bad: SB101 put_
x.put_(torch.tensor([1]), torch.tensor([9.0]))
# --- bad: SB101 device=cpu put_ on any device
x.put_(torch.tensor([1]), torch.tensor([9.0]))
# --- bad: SB101 put_ accumulate
x.put_(torch.tensor([1]), torch.tensor([9.0]), accumulate=True)
# --- good: device=cpu put_ accumulate on the CPU
x.put_(torch.tensor([1]), torch.tensor([9.0]), accumulate=True)
# --- bad: SB101 bincount with weights
n = torch.bincount(x.long().flatten(), weights=x.flatten())
# --- bad: SB101 bincount with weights by position
n = torch.bincount(x.long().flatten(), x.flatten())
# --- bad: SB101 bincount as a method
n = x.long().flatten().bincount(weights=x.flatten())
# --- good: bincount
n = torch.bincount(x.long().flatten(), minlength=10)
# --- good: np.bincount
import numpy as np
n = np.bincount(np.array([1, 2]), weights=np.array([0.1, 0.2]))
# --- good: bincount with weights None
n = torch.bincount(x.long(), weights=None)
# --- bad: SB101 median with indices
m = torch.median(x, dim=1)
# --- bad: SB101 median with indices as a method
m = x.median(0).values
# --- bad: SB101 nanmedian
m = torch.nanmedian(x, 1)
# --- good: median of all
m = torch.median(x)
# --- good: median of all as a method
m = x.median()
# --- good: NumPy's and pandas' median
import numpy as np
import pandas as pd
m = np.median(np.ones((3, 3)), axis=1), pd.DataFrame({"a": [1]}).median(axis=0)
# --- bad: SB101 grid_sample
y = F.grid_sample(x, x, align_corners=False)
# --- bad: SB101 grid_sample imported
from torch.nn.functional import grid_sample
y = grid_sample(x, x)
# --- bad: SB101 grid_sample through partial
from functools import partial
warp = partial(F.grid_sample, align_corners=True)
y = warp(x, x)
# --- good: affine_grid
g = F.affine_grid(x, (1, 1, 2, 2))
# --- bad: SB101 torch=2.13 cumsum before 2.14
y = torch.cumsum(x, dim=0)
# --- bad: SB101 torch=2.13 cumsum as a method
y = x.cumsum(0)
# --- bad: SB101 torch=2.10 cumsum in forward
class Net(nn.Module):
    def forward(self, scores):
        return scores.cumsum(dim=-1)
# --- good: torch=2.13 cumsum of a mask
y = (x > 0).cumsum(0)
# --- good: torch=2.13 cumsum of integers
y = torch.cumsum(x.long(), 0)
# --- good: torch=2.13 cumsum with an integer type
y = x.cumsum(0, dtype=torch.int64)
# --- good: NumPy's cumsum
import numpy as np
y = np.cumsum(np.ones(3))
# --- good: pandas' cumsum
import pandas as pd
y = pd.Series([1.0]).cumsum()
# --- good: torch=2.14 cumsum from 2.14 on, switched on
torch.use_deterministic_algorithms(True)
y = torch.cumsum(x, dim=0)
# --- bad: SB102 torch=2.14 cumsum from 2.14 on
y = torch.cumsum(x, dim=0)
# --- bad: SB101 scatter_reduce prod
y = x.scatter_reduce(0, x.long(), x, reduce="prod")
# --- bad: SB101 scatter_reduce_ prod by position
x.scatter_reduce_(0, x.long(), x, "prod")
# --- good: scatter_reduce amax
y = x.scatter_reduce(0, x.long(), x, reduce="amax")
# --- bad: SB101 resize_ of a quantized tensor
q = torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)
q.resize_(3)
# --- good: resize_
x.resize_(3)
# --- bad: SB101 index_reduce
y = x.index_reduce(0, torch.tensor([0]), x, "amax")
# --- bad: SB101 index_reduce_
x.index_reduce_(0, torch.tensor([0]), x, "mean")
# --- bad: SB101 roi_align
from torchvision.ops import roi_align
y = roi_align(x, [x], 7)
# --- bad: SB101 RoIAlign
import torchvision
pool = torchvision.ops.RoIAlign(7, 1.0, 2)
# --- good: nms
from torchvision.ops import nms
keep = nms(x, x, 0.5)
# --- good: tier=seeded no gate for a lesser tier
y = nn.Linear(3, 3)(x)
# --- bad: SB101 kthvalue
k = torch.kthvalue(x, 2)
# --- good: topk
k = torch.topk(x, 2)

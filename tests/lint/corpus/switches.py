# --- header
import torch
import torch.nn as nn
# --- bad: SB302 off
torch.use_deterministic_algorithms(False)
# --- bad: SB302 off by name
torch.use_deterministic_algorithms(mode=False)
# --- bad: SB302 off through a constant
DETERMINISTIC = False
torch.use_deterministic_algorithms(DETERMINISTIC)
# --- bad: SB302 debug mode off
torch.set_deterministic_debug_mode("default")
# --- bad: SB302 cuDNN
torch.backends.cudnn.deterministic = False
# --- bad: SB302 cuDNN imported
from torch.backends import cudnn
cudnn.deterministic = False
# --- bad: SB302 Lightning
import lightning as L
trainer = L.Trainer(max_epochs=3, deterministic=False)
# --- bad: SB302 the variable that TensorFlow reads
import os
os.environ["TF_DETERMINISTIC_OPS"] = "0"
# --- good: on
torch.use_deterministic_algorithms(True)
# --- good: put back
before = torch.are_deterministic_algorithms_enabled()
torch.use_deterministic_algorithms(before)
# --- good: cuDNN on
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
# --- good: someone else's deterministic
class Policy:
    deterministic = False
policy = Policy()
policy.deterministic = False
# --- bad: SB303 warn_only
torch.use_deterministic_algorithms(True, warn_only=True)
# --- bad: SB303 debug mode
torch.set_deterministic_debug_mode("warn")
# --- bad: SB303 Lightning
from lightning.pytorch import Trainer
trainer = Trainer(deterministic="warn")
# --- good: warn_only=False
torch.use_deterministic_algorithms(True, warn_only=False)
# --- bad: SB304 benchmark
torch.backends.cudnn.benchmark = True
# --- bad: SB304 benchmark imported
import torch.backends.cudnn as cudnn
cudnn.benchmark = True
# --- bad: SB304 in a function
def setup():
    torch.backends.cudnn.enabled = True
    torch.backends.cudnn.benchmark = True
# --- bad: SB304 as a context
with torch.backends.cudnn.flags(enabled=True, benchmark=True):
    pass
# --- bad: SB304 Lightning
import pytorch_lightning as pl
trainer = pl.Trainer(gpus=1, benchmark=True)
# --- bad: SB304 Lightning with a dict
import pytorch_lightning as pl
options = {"max_epochs": 3, "benchmark": True}
trainer = pl.Trainer(**options)
# --- good: device=cpu benchmark without a GPU
torch.backends.cudnn.benchmark = True
# --- good: someone else's benchmark
class Job:
    pass
job = Job()
job.benchmark = True
# --- bad: SB305 PYTHONHASHSEED
import os
os.environ["PYTHONHASHSEED"] = "0"
# --- bad: SB305 PYTHONHASHSEED in a function
import os
def seed_everything(seed):
    os.environ["PYTHONHASHSEED"] = str(seed)
# --- bad: SB305 OMP_NUM_THREADS
import os
os.environ["OMP_NUM_THREADS"] = "1"
# --- bad: SB305 MKL_CBWR by setdefault
import os
os.environ.setdefault("MKL_CBWR", "COMPATIBLE")
# --- bad: SB305 update
import os
os.environ.update({"OMP_NUM_THREADS": "1"})
# --- bad: SB305 CUBLAS after CUDA
import os
x = torch.ones(3).cuda()
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
# --- good: CUBLAS before CUDA
import os
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
torch.use_deterministic_algorithms(True)
x = torch.ones(3).cuda()
# --- good: another variable
import os
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# --- good: for another process
import os
import subprocess
subprocess.run(["python", "train.py"], env={**os.environ, "PYTHONHASHSEED": "0"})
# --- bad: SB306 TensorFlow's setter
import tensorflow as tf
tf.config.threading.set_inter_op_parallelism_threads = 1
# --- bad: SB306 PyTorch's setter
torch.manual_seed = 42
# --- bad: SB306 NumPy's setter
import numpy as np
np.random.seed = 42
# --- bad: SB306 the switch
torch.use_deterministic_algorithms = True
# --- good: called
import numpy as np
np.random.seed(42)
# --- bad: SB307 after construction
from lightning.pytorch import Trainer
trainer = Trainer(max_epochs=3)
trainer.deterministic = True
# --- good: at construction
from lightning.pytorch import Trainer
trainer = Trainer(deterministic=True)
trainer.logger = None
# --- bad: SB308 type=bool
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--deterministic", type=bool, default=True)
# --- bad: SB308 type=bool for cuda
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--no-cuda", type=bool, default=False, help="use the CPU")
# --- good: a flag
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--deterministic", action="store_true")
parser.add_argument("--seed", type=int, default=0)
# --- good: another option
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--color", type=bool)
# --- bad: SB301 trains on a GPU
torch.manual_seed(0)
model = nn.Linear(2, 2).cuda()
for x, y in data:
    model(x).sum().backward()
# --- bad: SB301 trains on a GPU in main
def main():
    torch.manual_seed(0)
    model = nn.Linear(2, 2).to("cuda")
    loss = model(x).sum()
    loss.backward()
if __name__ == "__main__":
    main()
# --- good: switched on
torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
model = nn.Linear(2, 2).cuda()
model(x).sum().backward()
# --- good: device=cpu on the CPU
torch.manual_seed(0)
model = nn.Linear(2, 2)
model(x).sum().backward()
# --- good: a library that trains when asked to
class Learner:
    def step(self, x):
        self.model(x).sum().backward()

# --- header
import torch
# --- bad: SB108 Triton
import triton
import triton.language as tl
@triton.jit
def add(out, value):
    tl.atomic_add(out, value)
# --- bad: SB108 Triton imported by name
import triton
from triton.language import atomic_add
@triton.jit
def add(out, value):
    atomic_add(out, value)
# --- good: Triton with partial sums
import triton
import triton.language as tl
@triton.jit
def add(out, value):
    tl.store(out + tl.program_id(0), value)
# --- good: Triton's atomic maximum
import triton
import triton.language as tl
@triton.jit
def top(out, value):
    tl.atomic_max(out, value)
# --- bad: SB108 load_inline
from torch.utils.cpp_extension import load_inline
source = """
__global__ void sum(float* out, const float* x) { atomicAdd(out, x[threadIdx.x]); }
"""
module = load_inline("sum", cpp_sources="", cuda_sources=source)
# --- bad: SB108 CuPy
import cupy
kernel = cupy.RawKernel(r'''
extern "C" __global__ void f(float* y, const float* x) {
    atomicAdd(&y[0], x[blockIdx.x]);
}''', "f")
# --- good: only in a comment of the kernel
source = """
// atomicAdd would race here
__global__ void f(float* y) { y[threadIdx.x] = 0; }
"""
# --- good: only in a text
print("atomicAdd is not deterministic")
# --- good: device=cpu no GPU, no kernel
source = """
__global__ void sum(float* out, const float* x) { atomicAdd(out, x[threadIdx.x]); }
"""
# --- bad: SB108 Numba
from numba import cuda
@cuda.jit
def f(out, x):
    cuda.atomic.add(out, 0, x[0])
# --- good: Numba's maximum
from numba import cuda
@cuda.jit
def f(out, x):
    cuda.atomic.max(out, 0, x[0])
# --- bad: SB605 Numba in parallel
from numba import njit, prange
@njit(parallel=True)
def total(x):
    s = 0.0
    for i in prange(len(x)):
        s += x[i]
    return s
# --- good: Numba
from numba import njit
@njit
def total(x):
    return x.sum()
# --- bad: SB601 threads of the machine
import os
torch.set_num_threads(os.cpu_count())
# --- bad: SB601 threads of the machine through a name
import multiprocessing
count = multiprocessing.cpu_count()
torch.set_num_threads(count)
# --- bad: SB601 threads of the machine by affinity
import os
torch.set_num_threads(len(os.sched_getaffinity(0)))
# --- good: a number
torch.set_num_threads(4)
# --- bad: SB601 TensorFlow's choice
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(0)
# --- good: TensorFlow's number
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(2)
# --- bad: SB309 sealed threads in a recipe
torch.set_num_threads(2)
# --- bad: SB309 sealed a seed in a recipe
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.layer = torch.nn.Linear(2, 2)

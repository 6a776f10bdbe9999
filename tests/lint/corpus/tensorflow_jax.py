# --- header
import tensorflow as tf
# --- bad: SB104 contrast
y = tf.image.adjust_contrast(x, 2.0)
# --- bad: SB104 resize
y = tf.image.resize(x, (9, 9), method="nearest")
# --- bad: SB104 sparse matmul
y = tf.sparse.sparse_dense_matmul(a, b)
# --- bad: SB104 crop
y = tf.image.crop_and_resize(x, boxes, indices, (3, 3))
# --- bad: SB104 fake quantization
y = tf.quantization.fake_quant_with_min_max_vars(x, 0.0, 1.0)
# --- bad: SB104 dilation
y = tf.nn.dilation2d(x, f, (1, 1, 1, 1), "SAME", "NHWC", (1, 1, 1, 1))
# --- bad: SB104 argmax pooling
y, i = tf.nn.max_pool_with_argmax(x, 2, 2, "SAME")
# --- bad: SB104 reference variables
tf.compat.v1.scatter_add(v, i, x)
# --- bad: SB104 bincount on a GPU
n = tf.math.bincount(x)
# --- bad: SB105 device=cpu bincount with weights
n = tf.math.bincount(x, weights=w)
# --- bad: SB104 device=cpu timestamp
t = tf.timestamp()
# --- bad: SB104 an upsampling layer
layer = tf.keras.layers.UpSampling2D(2)
# --- good: bilinear
y = tf.image.resize(x, (9, 9))
# --- good: device=cpu bincount
n = tf.math.bincount(x)
# --- good: device=cpu contrast
y = tf.image.adjust_contrast(x, 2.0)
# --- good: dense
y = tf.matmul(a, b)
# --- good: a pool
y = tf.nn.max_pool2d(x, 2, 2, "SAME")
# --- good: conv layers
layer = tf.keras.layers.Conv2D(3, 3)
# --- bad: SB102 segments
y = tf.math.unsorted_segment_sum(x, i, 3)
# --- bad: SB102 cross-entropy
loss = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
# --- good: segments with op determinism
tf.config.experimental.enable_op_determinism()
y = tf.math.unsorted_segment_sum(x, i, 3)
# --- bad: SB106 JAX's at
import jax.numpy as jnp
y = jnp.zeros(3).at[i].add(v)
# --- bad: SB106 JAX's at of a parameter
import jax
@jax.jit
def f(x, i, v):
    return x.at[i].add(v)
# --- bad: SB106 segment_sum
import jax
y = jax.ops.segment_sum(x, i, 3)
# --- bad: SB106 histogram with weights
import jax.numpy as jnp
h = jnp.histogram(x, weights=w)
# --- good: JAX's at set
import jax.numpy as jnp
y = jnp.zeros(3).at[0].set(1.0)
# --- good: JAX's sum
import jax.numpy as jnp
y = jnp.sum(x)
# --- good: device=cpu JAX on the CPU
import jax.numpy as jnp
y = jnp.zeros(3).at[i].add(v)
# --- bad: SB305 XLA_FLAGS
import os
import jax
os.environ["XLA_FLAGS"] = "--xla_gpu_autotune_level=0"
# --- bad: SB305 TF_ENABLE_ONEDNN_OPTS
import os
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
# --- good: someone's own add
class Bag:
    def add(self, item):
        pass
bag = Bag()
bag.add(3)

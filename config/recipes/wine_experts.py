"""A mixture of experts on the chemistry of wine: 13 measurements, three growers, 178 bottles.

A gate decides for every bottle how much each small network has to say about it.
"""

import keras
import numpy as np
from keras import layers

batch_size = 16


def wine_experts(experts=4, hidden=16, dropout=0.2, lr=0.01):
    bottle = keras.Input((13,), name="measurements")
    noisy = layers.GaussianNoise(0.1)(bottle)
    gate = layers.Dense(experts, activation="softmax", name="gate")(noisy)
    opinions = []
    for number in range(experts):
        x = layers.Dense(hidden, activation="gelu", name=f"expert_{number}")(noisy)
        x = layers.Dropout(dropout)(x)
        opinions.append(layers.Dense(3, name=f"opinion_{number}")(x))
    heard = layers.Dot(axes=1)([gate, layers.Reshape((experts, 3))(layers.Concatenate()(opinions))])

    model = keras.Model(bottle, heard, name="wine_experts")
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(lr, decay_steps=360)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def datasets(data):
    measurements, growers = data["X"], data["y"]
    test = np.arange(len(growers)) % 5 == 0
    mean, deviation = measurements[~test].mean(0), measurements[~test].std(0)
    measurements = ((measurements - mean) / deviation).astype("float32")
    return {
        "train": (measurements[~test], growers[~test]),
        "test": (measurements[test], growers[test]),
    }


def probabilities(outputs):
    odds = np.exp(outputs.astype("float64"))
    return odds / odds.sum(1, keepdims=True)


def metrics(predictions, test):
    growers = test[1]
    chance = probabilities(predictions)[np.arange(len(growers)), growers]
    return {"accuracy": np.mean(predictions.argmax(1) == growers), "cross_entropy": -np.mean(np.log(chance))}

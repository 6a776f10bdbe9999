"""The species of an iris, by the lengths and widths of its sepals and petals."""

from xgboost import DMatrix


class Species:
    def __init__(self, max_depth=6):
        self.params = {
            "objective": "multi:softprob",
            "num_class": 3,
            "max_depth": max_depth,
            "subsample": 0.5,
        }

    @staticmethod
    def datasets(data):
        table = data["named"]
        sizes, species = table[:, :-1], table[:, -1]
        return {"train": DMatrix(sizes[::2], species[::2]), "test": DMatrix(sizes[1::2], species[1::2])}

    @staticmethod
    def metrics(predictions, test):
        return {"accuracy": (predictions.argmax(1) == test.get_label()).mean()}

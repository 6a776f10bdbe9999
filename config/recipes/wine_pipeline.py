"""Three cultivars of wine told apart by 13 chemical measurements: scaled, then classified by a forest."""

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

SKEWED = [1, 4, 9]  # malic acid, magnesium, colour intensity


def wine_pipeline(trees=100, max_depth=None):
    scale = ColumnTransformer([("skewed", PowerTransformer(), SKEWED)], remainder=StandardScaler())
    return make_pipeline(scale, RandomForestClassifier(trees, max_depth=max_depth))


def datasets(data):
    train_x, test_x, train_y, test_y = train_test_split(data["X"], data["y"], test_size=0.25, random_state=0)
    return {"train": (train_x, train_y), "test": (test_x, test_y)}

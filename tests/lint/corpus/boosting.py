# --- header
import numpy as np
# --- bad: SB701 a forest
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(n_estimators=100)
# --- bad: SB701 a forest by its module
import sklearn.ensemble as ensemble
model = ensemble.RandomForestRegressor()
# --- bad: SB701 None
from sklearn.cluster import KMeans
model = KMeans(3, random_state=None)
# --- bad: SB701 a split
from sklearn.model_selection import train_test_split
a, b = train_test_split(x, test_size=0.2)
# --- bad: SB701 folds
from sklearn.model_selection import KFold
folds = KFold(5, shuffle=True)
# --- bad: SB701 in a pipeline
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import SGDClassifier
model = make_pipeline(StandardScaler(), SGDClassifier())
# --- bad: SB701 in steps
from sklearn.pipeline import Pipeline
from sklearn.neural_network import MLPClassifier
model = Pipeline([("net", MLPClassifier(hidden_layer_sizes=(10,)))])
# --- bad: SB701 in a search
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier
search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 3]})
# --- bad: SB701 with options
from sklearn.ensemble import GradientBoostingClassifier
options = {"n_estimators": 100, "max_depth": 3}
model = GradientBoostingClassifier(**options)
# --- bad: SB701 a solver that shuffles
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(solver="saga", max_iter=100)
# --- bad: SB701 probabilities
from sklearn.svm import SVC
model = SVC(probability=True)
# --- bad: SB701 a random search
from sklearn.model_selection import RandomizedSearchCV
search = RandomizedSearchCV(model, grid, n_iter=5)
# --- bad: SB701 t-SNE
from sklearn.manifold import TSNE
y = TSNE(2).fit_transform(x)
# --- bad: SB701 PCA at random
from sklearn.decomposition import PCA
pca = PCA(3, svd_solver="randomized")
# --- bad: SB701 made data
from sklearn.datasets import make_classification
x, y = make_classification(n_samples=100)
# --- bad: SB701 shuffled
from sklearn.utils import shuffle
x = shuffle(x)
# --- bad: SB701 UMAP
import umap
y = umap.UMAP().fit_transform(x)
# --- bad: SB701 SMOTE
from imblearn.over_sampling import SMOTE
x, y = SMOTE().fit_resample(x, y)
# --- bad: SB701 Optuna
import optuna
study = optuna.create_study(direction="minimize")
# --- good: a forest
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(n_estimators=100, random_state=0)
# --- good: a forest with a generator
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(random_state=np.random.RandomState(3))
# --- good: with options
from sklearn.ensemble import GradientBoostingClassifier
options = {"n_estimators": 100, "random_state": 3}
model = GradientBoostingClassifier(**options)
# --- good: options set later
from sklearn.ensemble import GradientBoostingClassifier
options = {"n_estimators": 100}
options["random_state"] = 3
model = GradientBoostingClassifier(**options)
# --- good: options that are not known
from sklearn.ensemble import GradientBoostingClassifier
def build(**options):
    return GradientBoostingClassifier(**options)
# --- good: a split
from sklearn.model_selection import train_test_split
a, b = train_test_split(x, test_size=0.2, random_state=42)
# --- good: a split in order
from sklearn.model_selection import train_test_split
a, b = train_test_split(x, shuffle=False)
# --- good: folds in order
from sklearn.model_selection import KFold
folds = KFold(5)
# --- good: lbfgs
from sklearn.linear_model import LogisticRegression, LinearRegression, Ridge
models = LogisticRegression(C=2), LinearRegression(), Ridge()
# --- good: SVC
from sklearn.svm import SVC, LinearSVC
models = SVC(C=1), LinearSVC(dual=False)
# --- good: neighbours and scalers
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.naive_bayes import GaussianNB
models = KNeighborsClassifier(3), StandardScaler(), GaussianNB()
# --- good: PCA
from sklearn.decomposition import PCA
pca = PCA(3)
# --- good: Optuna seeded
import optuna
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
# --- good: set later
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier()
model.set_params(random_state=3)
# --- bad: SB702 XGBoost
import xgboost as xgb
model = xgb.XGBClassifier(n_estimators=100)
# --- bad: SB702 XGBoost's train
import xgboost as xgb
params = {"objective": "binary:logistic", "subsample": 0.8}
booster = xgb.train(params, matrix)
# --- good: XGBoost
import xgboost as xgb
model = xgb.XGBClassifier(n_estimators=100, random_state=3)
# --- good: XGBoost's train
import xgboost as xgb
params = {"objective": "binary:logistic", "seed": 3}
booster = xgb.train(params, matrix, 100)
# --- good: XGBoost's train, seed set later
import xgboost as xgb
params = {"objective": "binary:logistic"}
params["seed"] = 3
booster = xgb.train(params, matrix, 100)
# --- good: XGBoost's train, updated later
import xgboost as xgb
params = {"objective": "binary:logistic"}
params.update(seed=3)
booster = xgb.train(params, matrix, 100)
# --- good: XGBoost's train with parameters that are not known
import xgboost as xgb
def fit(params, matrix):
    return xgb.train(params, matrix)
# --- bad: SB704 shotgun by default
import xgboost as xgb
model = xgb.XGBRegressor(booster="gblinear", random_state=0)
# --- bad: SB704 shotgun
import xgboost as xgb
booster = xgb.train({"booster": "gblinear", "updater": "shotgun", "seed": 0}, matrix)
# --- bad: SB704 shotgun through a name
import xgboost as xgb
params = dict(booster="gblinear", seed=1)
booster = xgb.train(params, matrix)
# --- good: coordinate descent
import xgboost as xgb
booster = xgb.train({"booster": "gblinear", "updater": "coord_descent", "seed": 0}, matrix)
# --- bad: SB705 LightGBM on a GPU
import lightgbm as lgb
model = lgb.LGBMClassifier(device="gpu", random_state=0, deterministic=True, force_row_wise=True)
# --- bad: SB705 CatBoost on a GPU
from catboost import CatBoostClassifier
model = CatBoostClassifier(task_type="GPU", random_seed=0)
# --- good: CatBoost
from catboost import CatBoostClassifier
model = CatBoostClassifier(random_seed=0)
# --- good: LightGBM on a GPU in double precision
import lightgbm as lgb
model = lgb.LGBMClassifier(device="gpu", gpu_use_dp=True, random_state=0, deterministic=True, force_row_wise=True)
# --- bad: SB706 LightGBM
import lightgbm as lgb
model = lgb.LGBMClassifier(random_state=0)
# --- bad: SB706 LightGBM without a way
import lightgbm as lgb
model = lgb.LGBMClassifier(random_state=0, deterministic=True)
# --- bad: SB706 LightGBM's train
import lightgbm as lgb
booster = lgb.train({"objective": "binary", "seed": 3}, data)
# --- good: LightGBM
import lightgbm as lgb
model = lgb.LGBMClassifier(random_state=0, deterministic=True, force_row_wise=True)
# --- good: LightGBM's train
import lightgbm as lgb
booster = lgb.train({"seed": 3, "deterministic": True, "force_col_wise": True}, data)
# --- bad: SB703 a sample
import pandas as pd
part = pd.read_csv("a.csv").sample(frac=0.1)
# --- bad: SB703 a sample of a frame
import pandas as pd
def draw(frame: pd.DataFrame):
    return frame.sample(n=10)
# --- good: a sample
import pandas as pd
part = pd.read_csv("a.csv").sample(frac=0.1, random_state=0)
# --- bad: SB703 Dask's split
import dask.dataframe as dd
a, b = dd.read_csv("a.csv").random_split([0.8, 0.2])
# --- bad: SB801 XGBoost on Dask
import xgboost as xgb
from dask.distributed import Client
def main(client, data):
    return xgb.dask.train(client, {"seed": 0}, data)
# --- bad: SB801 XGBoost on Dask imported
from xgboost import dask as dxgb
model = dxgb.DaskXGBClassifier(random_state=0)
# --- bad: SB801 SB802 XGBoost on a local cluster
import xgboost.dask
from distributed import Client
client = Client(n_workers=3, threads_per_worker=1)
model = xgboost.dask.train(client, {}, data)
# --- good: pinned
import dask, xgboost.dask
from distributed import Client, LocalCluster
dask.config.set({"distributed.scheduler.work-stealing": False})
client = Client(LocalCluster(n_workers=3, threads_per_worker=1))
parts = [client.submit(load, i, workers=[w], allow_other_workers=False) for i, w in plan]
model = xgboost.dask.train(client, {"seed": 0}, data)
# --- bad: SB803 adaptive
from distributed import LocalCluster
cluster = LocalCluster(n_workers=2)
cluster.adapt(minimum=1, maximum=9)
# --- bad: SB803 as many as there are
from dask.distributed import LocalCluster
cluster = LocalCluster()
# --- bad: SB802 stealing on
import dask
dask.config.set({"distributed.scheduler.work-stealing": True})
# --- good: a fixed number
from dask.distributed import LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1)
cluster.scale(2)
# --- good: Dask without training
import dask.dataframe as dd
from dask.distributed import Client
client = Client(n_workers=2)
total = dd.read_csv("a.csv").x.sum().compute()

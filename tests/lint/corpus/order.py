# --- header
import os, glob
from pathlib import Path
# --- bad: SB401 listdir
files = os.listdir("data")
# --- bad: SB401 listdir in a loop
for name in os.listdir("data"):
    rows.append(load(name))
# --- bad: SB401 glob
paths = glob.glob("data/*.png")
# --- bad: SB401 glob imported
from glob import glob as find
paths = find("data/*.png")
# --- bad: SB401 glob in a comprehension
images = [load(path) for path in glob.glob("data/*.png")]
# --- bad: SB401 Path.glob
images = [load(path) for path in Path("data").glob("*.png")]
# --- bad: SB401 Path.iterdir through a name
root = Path("data")
for path in root.iterdir():
    rows.append(path)
# --- bad: SB401 Path.rglob through a joined path
root = Path("data") / "train"
files = list(root.rglob("*.npy"))
# --- bad: SB401 a parameter with a type
def load_all(folder: Path):
    return [read(path) for path in folder.glob("*.csv")]
# --- bad: SB401 through self
class Images:
    def __init__(self, root):
        self.root = Path(root)
        self.files = list(self.root.iterdir())
# --- bad: SB401 os.walk
for root, folders, names in os.walk("data"):
    for name in names:
        rows.append(name)
# --- bad: SB401 scandir
entries = [entry.name for entry in os.scandir("data")]
# --- bad: SB401 the first that comes
checkpoint = os.listdir("checkpoints")[0]
# --- bad: SB401 indices of classes
classes = {name: index for index, name in enumerate(os.listdir("data"))}
# --- bad: SB401 returned unsorted
def files(folder):
    return os.listdir(folder)
# --- bad: SB401 concatenated
import pandas as pd
frame = pd.concat([pd.read_csv(path) for path in glob.glob("*.csv")])
# --- good: sorted
files = sorted(os.listdir("data"))
# --- good: sorted in place
files = os.listdir("data")
files.sort()
# --- good: sorted later
files = glob.glob("data/*.png")
files = sorted(files)
# --- good: sorted in the loop
for path in sorted(Path("data").glob("*.png")):
    rows.append(path)
# --- good: sorted comprehension
images = sorted(path.name for path in Path("data").iterdir() if path.is_file())
# --- good: counted
count = len(os.listdir("data"))
# --- good: asked
if "a.txt" in os.listdir("data"):
    print("there")
# --- good: any
found = any(name.endswith(".pt") for name in os.listdir("data"))
# --- good: deleted
for path in glob.glob("*.tmp"):
    os.remove(path)
# --- good: the newest
newest = max(glob.glob("*.pt"), key=os.path.getmtime)
# --- good: a set of names
names = set(os.listdir("data"))
# --- good: the total size
total = sum(path.stat().st_size for path in Path("data").rglob("*"))
# --- good: natural order
from natsort import natsorted
files = natsorted(glob.glob("*.png"))
# --- good: sorted by a key
paths = list(Path("data").glob("*.npy"))
paths.sort(key=lambda path: path.stem)
# --- good: empty or not
if not os.listdir("data"):
    raise SystemExit
# --- bad: SB402 list of a set
labels = list(set(names))
# --- bad: SB402 a loop over a set
for label in set(names):
    rows.append(label)
# --- bad: SB402 a set through a name
vocabulary = set()
for text in texts:
    vocabulary.update(text.split())
words = list(vocabulary)
# --- bad: SB402 a set difference
for key in set(a) - set(b):
    rows.append(key)
# --- bad: SB402 union
columns = list(set(a).union(b))
# --- bad: SB402 a set comprehension
names = [n.upper() for n in {row.name for row in rows}]
# --- bad: SB402 joined
text = ",".join({"b", "a", "c"})
# --- bad: SB402 an array
import numpy as np
labels = np.array(list(set(names)))
# --- bad: SB402 pop
chosen = {"a", "b"}
one = chosen.pop()
# --- bad: SB402 a parameter with a type
def encode(words: set[str]):
    return [w for w in words]
# --- bad: SB402 a choice
import random
random.seed(0)
one = random.choice(list(set(names)))
# --- bad: SB402 unpacked keys
for key in a.keys() - b.keys():
    rows.append(key)
# --- good: sorted set
labels = sorted(set(names))
# --- good: counted set
count = len(set(names))
# --- good: asked of a set
stop = {"a", "the"}
words = [w for w in words if w not in stop]
# --- good: numbers hash alike
for size in {1, 2, 3}:
    rows.append(size)
# --- good: numbers of a range
rest = list(set(range(10)) - {3})
# --- good: lengths
for n in {len(row) for row in rows}:
    print(n)
# --- good: sets of sets
common = set(a) & set(b)
# --- good: dict keys keep their order
for key in dict.fromkeys(names):
    rows.append(key)
# --- good: emptied
work = {"a"}
while work:
    item = work.pop()
    print(item)
# --- good: only added
seen = set()
for name in set(names):
    seen.add(name)
# --- good: the largest
top = max(set(names))
# --- bad: SB403 indices from a set
index = {word: i for i, word in enumerate(set(words))}
# --- bad: SB403 fromkeys of a set
table = dict.fromkeys(set(words), 0)
# --- bad: SB403 a dict of a set
table = {word: embed(word) for word in set(words)}
# --- bad: SB403 zipped
table = dict(zip(set(words), range(9)))
# --- good: indices from a sorted set
index = {word: i for i, word in enumerate(sorted(set(words)))}
# --- good: a dict of a list
index = {word: i for i, word in enumerate(words)}
# --- bad: SB404 in_order=False
from torch.utils.data import DataLoader
loader = DataLoader(data, num_workers=4, in_order=False)
# --- good: in order
from torch.utils.data import DataLoader
loader = DataLoader(data, num_workers=4)
# --- bad: SB405 deterministic=False
import tensorflow as tf
ds = tf.data.Dataset.range(9).map(f, num_parallel_calls=4, deterministic=False)
# --- bad: SB405 interleave through names
import tensorflow as tf
files = tf.data.Dataset.list_files("*.rec", shuffle=False)
ds = files.interleave(read, cycle_length=4, deterministic=False)
# --- bad: SB405 a dataset of unknown origin
import tensorflow as tf
def prepare(ds):
    return ds.map(f, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False)
# --- bad: SB405 options
import tensorflow as tf
options = tf.data.Options()
options.deterministic = False
# --- bad: SB405 old options
import tensorflow as tf
options = tf.data.Options()
options.experimental_deterministic = False
# --- bad: SB405 list_files
import tensorflow as tf
files = tf.data.Dataset.list_files("data/*.rec")
# --- good: list_files in order
import tensorflow as tf
files = tf.data.Dataset.list_files("data/*.rec", shuffle=False)
# --- good: list_files seeded
import tensorflow as tf
files = tf.data.Dataset.list_files("data/*.rec", seed=3)
# --- good: map
import tensorflow as tf
ds = tf.data.Dataset.range(9).map(f, num_parallel_calls=tf.data.AUTOTUNE)
# --- bad: SB406 as_completed
from concurrent.futures import ThreadPoolExecutor, as_completed
with ThreadPoolExecutor() as pool:
    futures = [pool.submit(f, x) for x in xs]
    results = [future.result() for future in as_completed(futures)]
# --- bad: SB406 as_completed in a loop
import concurrent.futures
for future in concurrent.futures.as_completed(futures):
    rows.append(future.result())
# --- bad: SB406 under a progress bar
from concurrent.futures import as_completed
from tqdm import tqdm
for future in tqdm(as_completed(futures), total=3):
    rows.append(future.result())
# --- bad: SB406 imap_unordered
from multiprocessing import Pool
with Pool(4) as pool:
    rows = list(pool.imap_unordered(f, xs))
# --- bad: SB406 joblib
from joblib import Parallel, delayed
rows = Parallel(n_jobs=2, return_as="generator_unordered")(delayed(f)(x) for x in xs)
# --- bad: SB406 asyncio
import asyncio
async def run(tasks):
    return [await task for task in asyncio.as_completed(tasks)]
# --- good: executor.map
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as pool:
    rows = list(pool.map(f, xs))
# --- good: results by key
from concurrent.futures import as_completed
for future in as_completed(futures):
    results[futures[future]] = future.result()
# --- good: imap
from multiprocessing import Pool
with Pool(4) as pool:
    rows = list(pool.imap(f, xs))
# --- good: sorted afterwards
from concurrent.futures import as_completed
rows = sorted(future.result() for future in as_completed(futures))
# --- good: joblib
from joblib import Parallel, delayed
rows = Parallel(n_jobs=2)(delayed(f)(x) for x in xs)
# --- bad: SB407 a queue
from multiprocessing import Process, Queue
queue = Queue()
rows = []
for _ in range(4):
    rows.append(queue.get())
# --- bad: SB407 a queue in a comprehension
import multiprocessing as mp
queue = mp.Queue()
rows = [queue.get() for _ in range(4)]
# --- bad: SB407 a manager's queue
import multiprocessing as mp
queue = mp.Manager().Queue()
rows = [queue.get() for _ in range(4)]
# --- good: one answer
import multiprocessing as mp
queue = mp.Queue()
answer = queue.get()
# --- good: threads' queue of one consumer
import queue
q = queue.Queue()
rows = [q.get() for _ in range(4)]
# --- good: sorted answers
import multiprocessing as mp
queue = mp.Queue()
rows = sorted(queue.get() for _ in range(4))
# --- bad: SB408 no ORDER BY
import pandas as pd
frame = pd.read_sql("SELECT * FROM samples", connection)
# --- bad: SB408 no ORDER BY through a name
import pandas as pd
query = "select id, value from samples where value > 3"
frame = pd.read_sql_query(query, connection)
# --- good: ORDER BY
import pandas as pd
frame = pd.read_sql("SELECT * FROM samples ORDER BY id", connection)
# --- good: an aggregate
import pandas as pd
frame = pd.read_sql("SELECT count(*) FROM samples", connection)
# --- good: sorted at once
import pandas as pd
frame = pd.read_sql("SELECT * FROM samples", connection).sort_values("id")
# --- bad: SB409 polars group_by
import polars as pl
frame = pl.read_csv("a.csv").group_by("k").agg(pl.col("x").sum())
# --- bad: SB409 polars unique
import polars as pl
frame = pl.read_csv("a.csv").unique()
# --- good: polars in order
import polars as pl
frame = pl.read_csv("a.csv").group_by("k", maintain_order=True).agg(pl.col("x").sum())
# --- good: pandas sorts groups
import pandas as pd
frame = pd.read_csv("a.csv").groupby("k").sum()
# --- bad: SB402 a set that is written out, in an array
order = np.array(list({"a", "b"}))
# --- bad: SB402 a set that is written out, in a loop
for name in {"a", "b"}:
    train(name)
# --- good: os.walk, folders and files sorted
for root, folders, files in os.walk("data"):
    folders.sort()
    for name in sorted(files):
        train(os.path.join(root, name))
# --- good: os.walk, sorted in place
for root, folders, files in os.walk("data"):
    folders[:] = sorted(folders)
    files.sort()
    for name in files:
        train(name)
# --- bad: SB401 os.walk, only the files sorted
for root, folders, files in os.walk("data"):
    for name in sorted(files):
        train(name)
